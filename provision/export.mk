# export: settings of other programs.
libprov_la_SOURCES += provision/export.c provision/export.h provision/tokenuri.c
optiga_provision_SOURCES += provision/cmd_export.c
