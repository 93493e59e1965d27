# provision: what could keep a run from working.

optiga_provision_SOURCES += provision/cmd_doctor.c provision/doctor.h provision/doctorbus.c \
	provision/doctorchip.c provision/doctorcloud.c
