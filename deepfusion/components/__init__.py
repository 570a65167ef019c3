"""The three kinds of components that networks are composed of: Data, Module and Net."""
