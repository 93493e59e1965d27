# Commands of the chip, the tables of what each model has, metadata, and taking turns.

noinst_LTLIBRARIES += libchip.la
libchip_la_SOURCES = \
	hal/chip/chip.h hal/chip/crypt.h hal/chip/binding.h hal/chip/internal.h \
	hal/chip/access.c \
	hal/chip/agree.c \
	hal/chip/apdu.c \
	hal/chip/asym.c \
	hal/chip/authorize.c \
	hal/chip/bindfile.c hal/chip/bindfile.h \
	hal/chip/binding.c \
	hal/chip/chip.c \
	hal/chip/cipher.c \
	hal/chip/context.c \
	hal/chip/counter.c \
	hal/chip/data.c \
	hal/chip/hash.c \
	hal/chip/keys.c \
	hal/chip/keytype.c \
	hal/chip/meta.c \
	hal/chip/model.c \
	hal/chip/oid.c \
	hal/chip/power.c \
	hal/chip/protect.c \
	hal/chip/protected.c \
	hal/chip/random.c \
	hal/chip/sign.c \
	hal/chip/symkey.c \
	hal/chip/verify.c
libchip_la_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
libchip_la_LIBADD = $(CRYPTO_LIBS)

# Binding secrets: root writes, the group of the devices reads. A directory that is there stays as its
# administrator made it, and so do the secrets when the package goes.
bindingdir = $(localstatedir)/lib/optiga/binding
install-data-local:
	test -d '$(DESTDIR)$(bindingdir)' || { \
	    $(MKDIR_P) '$(DESTDIR)$(localstatedir)/lib/optiga' && \
	    mkdir -m 0750 '$(DESTDIR)$(bindingdir)' && \
	    { chgrp '$(devicegroup)' '$(DESTDIR)$(bindingdir)' 2>/dev/null || \
	      echo 'note: $(bindingdir) is to belong to group $(devicegroup): chgrp it' >&2; }; }
uninstall-local:
	-rmdir '$(DESTDIR)$(bindingdir)' '$(DESTDIR)$(localstatedir)/lib/optiga' 2>/dev/null || :
