setting "qos" {
  summary    = "Priority of a kind of traffic in the network (DSCP)"
  source     = "Document recorded on cameras V5.2 and V5.8; the address that it is at comes from three sources which differ; writing it was not recorded"
  confidence = "likely"
  phase      = "services"
  keyed      = true
  keys       = ["devicemanagement", "commandcontrol", "video"]
  key_doc    = "Kind of traffic as the device spells it."

  doc = <<-EOT
    The mark on packets of one kind of traffic, by which switches and routers give them a priority. Firmware keeps the list
    at one of three addresses, which camform tries in turn.
  EOT

  document {
    path         = "/ISAPI/System/Network/qos/dscp"
    root         = "DSCPList"
    capabilities = ["/ISAPI/System/Network/qos/dscp/capabilities"]
  }

  document {
    path = "/ISAPI/System/Network/QoS/DSCP"
    root = "DSCPList"
  }

  document {
    path = "/ISAPI/System/Network/QoS"
    root = "DSCPList"
  }

  item {
    element = "DSCP"
    key     = "trafficType"
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether packets of this kind are marked."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "priority" {
    type    = number
    doc     = "The mark, from 0 to 63."
    element = "priorityValue"
    codec   = "number"
    min     = 0
    max     = 63
    example = "46"
  }
}
