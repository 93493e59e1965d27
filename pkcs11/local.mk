# The module: C_* calls, sessions, mechanisms.

noinst_LTLIBRARIES += libmodule.la
libmodule_la_SOURCES = \
	pkcs11/aes.c pkcs11/aes.h \
	pkcs11/calls.h \
	pkcs11/check.c pkcs11/check.h \
	pkcs11/cipher.c pkcs11/cipher.h \
	pkcs11/conf.c pkcs11/conf.h \
	pkcs11/copy.c \
	pkcs11/crypt.c \
	pkcs11/derive.c pkcs11/derive.h \
	pkcs11/digest.c \
	pkcs11/event.c \
	pkcs11/general.c \
	pkcs11/key.c pkcs11/key.h \
	pkcs11/kdf.c \
	pkcs11/keygen.c \
	pkcs11/layout.c pkcs11/layout.h \
	pkcs11/lock.c pkcs11/lock.h \
	pkcs11/mac.c pkcs11/mac.h \
	pkcs11/mech.c pkcs11/mech.h \
	pkcs11/message.c \
	pkcs11/mod.c pkcs11/mod.h \
	pkcs11/object.c \
	pkcs11/op.c pkcs11/op.h \
	pkcs11/pkcs11v3.h \
	pkcs11/random.c \
	pkcs11/rsa.c pkcs11/rsa.h \
	pkcs11/rv.c \
	pkcs11/session.c \
	pkcs11/sign.c \
	pkcs11/slot.c \
	pkcs11/sobj.c pkcs11/sobj.h \
	pkcs11/sobjattr.c pkcs11/sobjattr.h \
	pkcs11/sobjkey.c \
	pkcs11/sobjkind.c \
	pkcs11/turn.c pkcs11/turn.h \
	pkcs11/unsupported.c \
	pkcs11/unwrap.c \
	pkcs11/util.c \
	pkcs11/verify.c
libmodule_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)

pkcs11_LTLIBRARIES += optiga-pkcs11.la
optiga_pkcs11_la_SOURCES = pkcs11/module.c pkcs11/layout_chip.c pkcs11/optiga-pkcs11.h
optiga_pkcs11_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden $(P11KIT_CFLAGS) $(CRYPTO_CFLAGS)
optiga_pkcs11_la_LDFLAGS = $(AM_LDFLAGS) -module -shared -avoid-version -no-undefined \
	-export-symbols-regex '^C_Get(FunctionList|Interface|InterfaceList)$$' -Wl,-Bsymbolic -Wl,-z,defs
optiga_pkcs11_la_LIBADD = libmodule.la libstore.la libchip.la liblink.la libbus.la libsim.la libbase.la \
	$(CRYPTO_LIBS)
include_HEADERS += pkcs11/optiga-pkcs11.h

# The same in the layout of the vendor's sample, for those who type its file names: built and
# installed on demand.
check_LTLIBRARIES += optiga-compat.la
optiga_compat_la_SOURCES = pkcs11/module.c pkcs11/layout_slots.c
optiga_compat_la_CFLAGS = $(optiga_pkcs11_la_CFLAGS)
optiga_compat_la_LDFLAGS = $(optiga_pkcs11_la_LDFLAGS) -rpath '$(pkcs11dir)'
optiga_compat_la_LIBADD = $(optiga_pkcs11_la_LIBADD)
compat_names = liboptigatrust-i2c-linux-pkcs11.so liboptigatrust-libusb-linux-pkcs11.so
install-compat: optiga-compat.la
	$(MKDIR_P) '$(DESTDIR)$(pkcs11dir)'
	for name in $(compat_names); do \
	    $(INSTALL) -m 755 .libs/optiga-compat.so "$(DESTDIR)$(pkcs11dir)/$$name" || exit 1; \
	done
uninstall-compat:
	for name in $(compat_names); do rm -f "$(DESTDIR)$(pkcs11dir)/$$name"; done
.PHONY: install-compat uninstall-compat

# libtool's description of the module is of no use to anybody.
install-data-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/optiga-pkcs11.la'
# And without it libtool does not know what to remove.
uninstall-hook:
	rm -f '$(DESTDIR)$(pkcs11dir)/optiga-pkcs11.so'

p11kit_DATA = pkcs11/optiga.module
pkcs11/optiga.module: Makefile
	$(AM_V_GEN)$(MKDIR_P) pkcs11 && \
	printf '%s\n' '# OPTIGA Trust chips; which ones says optiga-pkcs11.conf(5).' \
	    'module: $(pkcs11dir)/optiga-pkcs11.so' > $@
CLEANFILES += pkcs11/optiga.module
