# hal/bus
