# The cloud side of optiga-provision.

aws_sources = provision/aws.h
