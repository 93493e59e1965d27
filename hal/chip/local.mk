# hal/chip
