# The application behind the wires: commands, objects, keys.

libsim_la_SOURCES += \
	hal/sim/access.c hal/sim/access.h \
	hal/sim/aes.c \
	hal/sim/app.c hal/sim/app.h \
	hal/sim/binding.c \
	hal/sim/cmd.h hal/sim/cmd_app.c hal/sim/cmd_data.c hal/sim/cmd_key.c hal/sim/cmd_meta.c \
	hal/sim/cert.c hal/sim/cert.h \
	hal/sim/cmd_agree.c hal/sim/cmd_asym.c hal/sim/cmd_hash.c hal/sim/cmd_sym.c \
	hal/sim/cmd_update.c hal/sim/cmd_verify.c \
	hal/sim/crypto.h hal/sim/ec.c hal/sim/pub.c hal/sim/rsa.c \
	hal/sim/der.c hal/sim/der.h \
	hal/sim/factory.c hal/sim/factory_cert.c hal/sim/factory.h \
	hal/sim/monitor.c hal/sim/monitor.h \
	hal/sim/model.c hal/sim/model.h \
	hal/sim/object.c hal/sim/object_table.c hal/sim/object.h \
	hal/sim/operand.c hal/sim/operand.h \
	hal/sim/rng.c hal/sim/rng.h \
	hal/sim/session.c hal/sim/session.h \
	hal/sim/sha.c hal/sim/sha.h \
	hal/sim/cbor.c hal/sim/cbor.h hal/sim/ccm.c hal/sim/ccm.h \
	hal/sim/manifest.c hal/sim/manifest.h hal/sim/update.c hal/sim/update.h
