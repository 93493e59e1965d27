# provision: many boards.

libprov_la_SOURCES += \
	provision/csv.c provision/csv.h provision/manifest.c provision/manifest.h
