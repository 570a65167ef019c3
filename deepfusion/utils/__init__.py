"""Tools around the components: devices, gradient checking, training, printing."""
