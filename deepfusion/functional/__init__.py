"""Pure array maths: functions that take and return arrays and know neither graph nor device."""
