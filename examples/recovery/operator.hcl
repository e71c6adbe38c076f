# Belongs on the machine, outside of the repository, as /etc/camform/operator.hcl: whom a request to reset a device may be sent to.
support "Example Distribution" {
  kind     = "distributor" # one that the vendor has accredited; or "support", the vendor's own
  channels = { portal = "https://support.example.com", pgp = "rma@example.com 0123456789ABCDEF" }
}
