setting "wireless" {
  summary        = "Wireless network that an interface joins"
  source         = "Recorded on a terminal V1.2, with limits; further elements and words from the official guide; writing it was not recorded"
  confidence     = "likely"
  phase          = "filter"
  risk           = "lockout"
  drops_sessions = true
  keyed          = true
  keys           = ["1", "2"]
  key_doc        = "Number of the interface, which is 2 on the devices seen."

  doc = <<-EOT
    The wireless network of a device. A device that is reached over it is lost if the name or the key is wrong.

    Devices return the key in clear text. camform treats it as a secret nevertheless.
  EOT

  document {
    path         = "/ISAPI/System/Network/interfaces/{key}/wireless"
    root         = "Wireless"
    capabilities = ["/ISAPI/System/Network/interfaces/{key}/wireless/capabilities", "/ISAPI/System/Network/interfaces/{key}/capabilities"]
  }

  guards "link" {
    called  = "wireless network"
    enabled = "enabled"
    cuts    = ["ssid", "security", "key", "cipher", "mode", "channel"]
  }

  attribute "enabled" {
    type    = bool
    doc     = "Whether the device uses its radio."
    element = "enabled"
    codec   = "boolean"
    example = "true"
  }

  attribute "mode" {
    type       = string
    doc        = "Whether the device joins a network or connects directly to another device."
    source     = "Official guide UD09761B, 15.10.103 to 15.10.117: words infrastructure and adhoc"
    element    = "wirelessNetworkMode"
    codec      = "choice"
    values     = ["infrastructure", "adhoc"]
    example    = "infrastructure"
    confidence = "unsure"
  }

  attribute "channel" {
    type    = string
    doc     = "Number of the radio channel, or `auto`."
    element = "channel"
    codec   = "choice"
    values  = ["auto", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"]
    example = "auto"
  }

  attribute "ssid" {
    type    = string
    doc     = "Name of the network."
    element = "ssid"
    min     = 1
    max     = 32
    example = "cameras"
  }

  attribute "security" {
    type    = string
    doc     = "How the network is protected. Which values exist depends on the device."
    element = "WirelessSecurity/securityMode"
    codec   = "choice"
    values  = ["disable", "WEP", "WPA-personal", "WPA2-personal", "WPA-RADIUS", "WPA-enterprise", "WPA2-enterprise", "WPA3"]
    example = "WPA2-personal"
  }

  attribute "cipher" {
    type    = string
    doc     = "Cipher of a network that is protected by WPA."
    element = "WirelessSecurity/WPA/algorithmType"
    codec   = "choice"
    values  = ["TKIP", "AES", "TKIP/AES"]
    example = "AES"
  }

  attribute "key" {
    type     = string
    doc      = "Key of a network that is protected by WPA. Its length, which the device stores in a separate element, follows it."
    source   = "Recorded on a terminal V1.2; official guide UD09761B, 15.10.103 to 15.10.117: 8 to 63 characters"
    elements = ["WirelessSecurity/WPA/sharedKey", "WirelessSecurity/WPA/wpaKeyLength"]
    codec    = "wireless_key"
    min      = 8
    max      = 63
    secret   = true
  }

  attribute "wmm" {
    type       = bool
    doc        = "Whether video and speech have priority over other data on the air."
    source     = "Official guide UD09761B, 15.10.103 to 15.10.117: wmmEnabled"
    element    = "wmmEnabled"
    codec      = "boolean"
    example    = "true"
    confidence = "unsure"
  }
}
