# For real chips: who may use an FT260, and where the records are.

nodist_udevrules_DATA = udev/70-optiga.rules
nodist_tmpfiles_DATA = udev/optiga.conf
EXTRA_DIST += udev/70-optiga.rules.in udev/optiga.conf.in
CLEANFILES += $(nodist_udevrules_DATA) $(nodist_tmpfiles_DATA)

udev_fill = $(AM_V_GEN)$(MKDIR_P) udev && sed -e 's,@GROUP@,$(devicegroup),g' \
	-e 's,@RECORDDIR@,$(recorddir),g' -e 's,@BINDINGDIR@,$(bindingdir),g' $(srcdir)/$@.in >$@.tmp && mv $@.tmp $@

udev/70-optiga.rules: udev/70-optiga.rules.in Makefile
	$(udev_fill)
udev/optiga.conf: udev/optiga.conf.in Makefile
	$(udev_fill)

dist_check_SCRIPTS += tests/cli/udev.sh
cli_tests += tests/cli/udev.sh
