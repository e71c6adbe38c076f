setting "ip_filter" {
  summary        = "Addresses that may reach the device, or must not"
  source         = "Recorded on recorders V4.61 and V5.04; the number of entries where a device names none from the official guide (UD09761B, 16.2.53)"
  confidence     = "confirmed"
  phase          = "filter"
  risk           = "lockout"
  drops_sessions = true

  doc = <<-EOT
    A list of addresses that either all allow or all deny. A filtered client gets no answer at all, on any port: an enabled
    allow list without the address of the machine that runs camform closes the way in.

    Existing entries keep their place and their bytes, entries that are not declared are removed, and new ones get the free
    numbers. The entries follow the meaning of the list. An entry in a form that camform does not know, such as a range,
    makes the list unreadable, and camform leaves the list alone.

    Some devices keep only part of a long list and answer OK. So a filter is switched on in two requests: camform writes the
    list while the filter is off, and switches the filter on once the whole list reads back. The same applies to a change of
    `mode`, during which the filter is off for a moment. An active allow list is first written with the old and the new
    entries together, and reduced once that reads back; where the device has no room for both, it changes at once, with the
    entries first that camform and the declared consumers need.

    Where the device reports the address that it sees, and that is neither ours nor its own, an allow list needs that
    address as well.
  EOT

  document {
    path         = "/ISAPI/System/Network/ipFilter"
    root         = "IPFilter"
    capabilities = ["/ISAPI/System/Network/ipFilter/capabilities"]
  }

  sees {
    path     = "/ISAPI/System/Network/socketIP"
    elements = ["ipAddress", "ipv6Address"]
  }

  guards "address_filter" {
    enabled = "enabled"
    mode    = "mode"
    list    = "addresses"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device filters."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "mode" {
    type     = string
    doc      = "What the list means: `allow` lets only these addresses in, `deny` shuts them out."
    elements = ["permissionType", "IPFilterAddressList/IPFilterAddress/permissionType"]
    codec    = "choice"
    values   = ["allow", "deny"]
    example  = "allow"
  }

  attribute "addresses" {
    type      = set(string)
    doc       = "Addresses, or networks such as `192.0.2.0/28`, which camform expands because devices store single addresses. At most 64 in all; recorders hold 32, and devices that name no number hold at most 48. IPv6 only where the device supports it."
    elements  = ["IPFilterAddressList", "IPFilterAddressList/IPFilterAddress"]
    codec     = "address_list"
    usual_max = 48
    example   = "[\"192.0.2.10\", \"192.0.2.16/30\"]"
  }
}
