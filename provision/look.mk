# Looking at a chip: object map, show, audit.

libprov_la_SOURCES += \
	provision/audit.c provision/audit.h provision/auditaccept.c provision/auditint.h \
	provision/auditkey.c provision/auditobject.c provision/auditrules.c \
	provision/certinfo.c provision/certinfo.h \
	provision/chipbind.c provision/chipbind.h provision/chipcert.c provision/chipmap.c provision/chipmap.h provision/chipwords.c \
	provision/look.c provision/look.h \
	provision/show.c provision/show.h provision/showhtml.c provision/showhtml.h \
	provision/showjson.c provision/showstyle.c provision/showtext.c provision/text.c

optiga_provision_SOURCES += provision/cmd_audit.c
