# The application behind the wires: commands, objects, keys.
libsim_la_SOURCES += hal/sim/app.h
