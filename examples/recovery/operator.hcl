# Belongs on the machine, outside the repository, as /etc/camform/operator.hcl: who may be sent a request to reset a device.
support "Example Distribution" {
  kind     = "distributor" # one that the vendor has accredited; or "support", the vendor's own
  channels = { portal = "https://support.example.com", pgp = "rma@example.com 0123456789ABCDEF" }
}
