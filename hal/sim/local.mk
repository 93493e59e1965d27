# hal/sim
