# provision: the tool. aws.mk has the cloud side.

prov_sources = provision/msg.c provision/msg.h

include provision/aws.mk
