"""Amazon's own client library, as the aws command line brings it, calls the stand-in: types, groups
and versions of things, CAs of one's own, registered certificates, templates. One process for all of
them, since the command line takes half a second for each.

usage: aws_calls.py DIR URL; certificates in DIR: ca, noca, proof, other, device (.pem)
"""

import sys

try:
    from awscli.botocore import session
except ImportError:
    from botocore import session

DIR = sys.argv[1]
ROLE = "arn:aws:iam::123456789012:role/provisioning"
iot = session.get_session().create_client(
    "iot", endpoint_url=sys.argv[2], verify=DIR + "/standin/ca.pem"
)


def pem(name):
    with open(f"{DIR}/{name}.pem", encoding="ascii") as f:
        return f.read()


def equal(have, want, what):
    if have != want:
        sys.exit(f"FAIL: {what}: {have!r}, not {want!r}")


def refused(code, call, **args):
    try:
        call(**args)
    except iot.exceptions.ClientError as e:
        equal(e.response["Error"]["Code"], code, f"{call.__name__} {args}")
        return
    sys.exit(f"FAIL: {call.__name__} {args}: not refused")


def things():
    four = {"attributes": {"a": "1", "b": "2", "c": "3", "d": "4"}}
    refused("ResourceNotFoundException", iot.create_thing, thingName="m", thingTypeName="meter")
    iot.create_thing_type(thingTypeName="meter", thingTypeProperties={"thingTypeDescription": "a b"})
    refused("ResourceAlreadyExistsException", iot.create_thing_type, thingTypeName="meter")
    meta = iot.describe_thing_type(thingTypeName="meter")["thingTypeMetadata"]
    equal(meta["deprecated"], False, "deprecated")
    refused("InvalidRequestException", iot.create_thing, thingName="m", attributePayload=four)
    made = iot.create_thing(thingName="m", thingTypeName="meter", attributePayload=four)
    again = iot.create_thing(thingName="m", thingTypeName="meter", attributePayload=four)
    equal(again["thingId"], made["thingId"], "the same thing again")
    refused("ResourceAlreadyExistsException", iot.create_thing, thingName="m", thingTypeName="meter")
    change = {"attributes": {"a": "9", "b": ""}, "merge": True}
    refused(
        "VersionConflictException",
        iot.update_thing,
        thingName="m",
        expectedVersion=7,
        attributePayload=change,
    )
    iot.update_thing(thingName="m", expectedVersion=1, attributePayload=change)
    thing = iot.describe_thing(thingName="m")
    equal(thing["version"], 2, "version")
    equal(thing["thingTypeName"], "meter", "type")
    equal(thing["attributes"], {"a": "9", "c": "3", "d": "4"}, "attributes")
    refused(
        "InvalidRequestException",
        iot.update_thing,
        thingName="m",
        removeThingType=True,
        thingTypeName="meter",
    )
    iot.update_thing(thingName="m", removeThingType=True)
    equal(iot.describe_thing(thingName="m").get("thingTypeName"), None, "type taken away")
    iot.deprecate_thing_type(thingTypeName="meter")
    refused("InvalidRequestException", iot.create_thing, thingName="n", thingTypeName="meter")


def groups():
    for name in ("one", "two", "three", "four"):
        iot.create_thing_group(thingGroupName=name)
        iot.add_thing_to_thing_group(thingGroupName=name, thingName="m")
    refused("ResourceAlreadyExistsException", iot.create_thing_group, thingGroupName="one")
    iot.remove_thing_from_thing_group(thingGroupName="two", thingName="m")
    pages = iot.get_paginator("list_thing_groups_for_thing").paginate(thingName="m")
    names = [g["groupName"] for p in pages for g in p["thingGroups"]]
    equal(names, ["one", "three", "four"], "groups")
    equal(iot.describe_thing_group(thingGroupName="one")["version"], 1, "version of a group")
    refused("VersionConflictException", iot.delete_thing, thingName="m", expectedVersion=1)
    iot.delete_thing(thingName="m", expectedVersion=3)
    refused("ResourceNotFoundException", iot.list_thing_groups_for_thing, thingName="m")


def register_ca():
    ca, proof = pem("ca"), pem("proof")
    refused("InvalidRequestException", iot.register_ca_certificate, caCertificate=ca)
    for name, code in (("other", "RegistrationCodeValidation"), ("noca", "CertificateValidation")):
        refused(
            code + "Exception",
            iot.register_ca_certificate,
            caCertificate=ca,
            verificationCertificate=pem(name),
        )
    refused(
        "CertificateValidationException",
        iot.register_ca_certificate,
        caCertificate=pem("noca"),
        certificateMode="SNI_ONLY",
    )
    refused(
        "InvalidRequestException",
        iot.register_ca_certificate,
        caCertificate=ca,
        verificationCertificate=proof,
        certificateMode="SNI_ONLY",
    )
    refused(
        "CertificateValidationException", iot.register_certificate, certificatePem=pem("device")
    )
    made = iot.register_ca_certificate(caCertificate=ca, verificationCertificate=proof)
    refused(
        "ResourceAlreadyExistsException",
        iot.register_ca_certificate,
        caCertificate=ca,
        verificationCertificate=proof,
    )
    return made["certificateId"]


def use_ca(ca):
    device = {"certificatePem": pem("device"), "status": "INACTIVE"}
    refused("CertificateStateException", iot.register_certificate, **device)
    iot.update_ca_certificate(
        certificateId=ca, newStatus="ACTIVE", newAutoRegistrationStatus="ENABLE"
    )
    d = iot.describe_ca_certificate(certificateId=ca)["certificateDescription"]
    equal(
        [d["status"], d["autoRegistrationStatus"], d["certificateMode"]],
        ["ACTIVE", "ENABLE", "DEFAULT"],
        "the CA",
    )
    iot.register_certificate(**device)
    refused("ResourceAlreadyExistsException", iot.register_certificate, **device)
    ids = iot.list_certificates_by_ca(caCertificateId=ca)["certificates"]
    equal([c["certificateMode"] for c in ids], ["DEFAULT"], "certificates of the CA")
    cas = iot.list_ca_certificates()["certificates"]
    equal([c["certificateId"] for c in cas], [ca], "CAs")
    made = iot.register_certificate_without_ca(certificatePem=pem("other"), status="ACTIVE")
    got = iot.describe_certificate(certificateId=made["certificateId"])["certificateDescription"]
    equal([got["status"], got["certificateMode"]], ["ACTIVE", "SNI_ONLY"], "without a CA")


def templates(ca):
    for name, kind in (("fleet", "FLEET_PROVISIONING"), ("jitp", "JITP")):
        iot.create_provisioning_template(
            templateName=name, templateBody="{}", provisioningRoleArn=ROLE, type=kind
        )
        equal(iot.describe_provisioning_template(templateName=name)["type"], kind, "type")
    refused("ResourceNotFoundException", iot.describe_provisioning_template, templateName="x")
    config = {"templateName": "fleet"}
    refused(
        "InvalidRequestException",
        iot.update_ca_certificate,
        certificateId=ca,
        registrationConfig=config,
    )
    iot.update_ca_certificate(certificateId=ca, registrationConfig={"templateName": "jitp"})
    got = iot.describe_ca_certificate(certificateId=ca)["registrationConfig"]
    equal(got, {"templateName": "jitp"}, "registrationConfig")
    refused("CertificateStateException", iot.delete_ca_certificate, certificateId=ca)
    iot.update_ca_certificate(certificateId=ca, newStatus="INACTIVE")
    iot.delete_ca_certificate(certificateId=ca)
    refused("ResourceNotFoundException", iot.describe_ca_certificate, certificateId=ca)


things()
groups()
ID = register_ca()
use_ca(ID)
templates(ID)
