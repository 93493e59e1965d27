# The stand-in for AWS IoT that tests talk to.
