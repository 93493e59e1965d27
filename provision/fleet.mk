# provision: many boards.

libprov_la_SOURCES += \
	provision/csv.c provision/csv.h provision/manifest.c provision/manifest.h \
	provision/fleet.c provision/fleet.h provision/fleetreport.c provision/fleetreport.h \
	provision/fleetsource.c provision/fleetview.c provision/fleetview.h \
	provision/fleetwork.c provision/fleetwork.h provision/tokenlist.c

optiga_provision_SOURCES += provision/cmd_fleet.c
