# The hardening baseline: the vendor's guide for firmware V5.7, the guides for recorders, and practical experience. Every
# rule has an id, under which "camform audit" reports it, and a level:
#
#   basic   for every device
#   high    for devices that attract attackers
#   site    where the site allows it
#
# Start with "camform audit", which changes nothing, and preview the changes with "camform plan". If a device lacks the
# subject of a rule, camform leaves it alone and reports it. A check whose document a device does not have is unknown there,
# and so is one that finds too little in it: put it into a profile for the devices that have the document.

profile "basic" {
  # Guide 2.1. Every worm tries the passwords on the list of defaults.
  check "activate.strong" {
    level  = "basic"
    reason = "Automated attacks find a weak password within hours."

    assert {
      condition     = observed("/ISAPI/Security/userCheck", "isDefaultPassword") == null ? null : lower(observed("/ISAPI/Security/userCheck", "isDefaultPassword")) == "false"
      error_message = "The device reports that its password is the default one."
    }
    assert {
      condition     = observed("/ISAPI/Security/userCheck", "isRiskPassword") == null ? null : lower(observed("/ISAPI/Security/userCheck", "isRiskPassword")) == "false"
      error_message = "The device reports that its password is weak."
    }
  }

  # Guide 2.2. Logs, certificates and recordings are worthless with a wrong clock.
  rule "time.ntp" {
    level  = "basic"
    reason = "Evidence needs the right time."

    time {
      mode = "NTP"
      zone = var.zone
    }
    ntp {
      server = var.time_server
    }
  }

  # Guide 2.3. CVE-2017-7921 and CVE-2021-36260 are exploited in the wild. "camform advisories" gives the reasons for each verdict.
  # Look up the open cases on the vendor's page by serial number: minimum_firmware says from which version on a model
  # is good. No minimum outweighs an advisory that affects the device.
  check "firmware.current" {
    level  = "basic"
    reason = "Only new firmware closes known holes; camform advisories lists them."

    assert {
      condition     = length(self.advisories.affected) == 0
      error_message = "${self.model} with ${self.firmware} is affected by ${join(", ", self.advisories.affected)}."
    }
    assert {
      condition     = length(self.advisories.unknown) == 0 && lookup(var.minimum_firmware, self.model, null) == null ? true : version_at_least(self.firmware, lookup(var.minimum_firmware, self.model, null))
      error_message = "${self.model} has ${self.firmware}, and should have at least ${var.minimum_firmware[self.model]}."
    }
  }

  # Guide 2.4. Without a copy of its configuration, a device that was reset is set up from memory.
  check "backup.exists" {
    level  = "basic"
    reason = "A reset device must come back as it was."
    manual = "Export the configuration at least every 30 days, and check that the export can be read."
  }

  # Guide 2.5. camform never resets or restores a device.
  check "restore.guarded" {
    level  = "basic"
    reason = "A factory reset opens a device to the first person who connects."
    manual = "Know who may reset devices, and how you would notice a reset."
  }

  # Guide 2.7. Recorders, filters and this configuration lose a device that changes its address.
  check "net.static" {
    level  = "basic"
    reason = "Filters and recorders know devices by their addresses."

    assert {
      condition     = observed("/ISAPI/System/Network/interfaces", "NetworkInterface[id=1]/IPAddress/addressingType") == null ? null : observed("/ISAPI/System/Network/interfaces", "NetworkInterface[id=1]/IPAddress/addressingType") == "static"
      error_message = "The device gets its address from a router; give it a fixed one, or reserve it there and leave this check out."
    }
  }

  # Guide 2.8. A public name for a camera is an invitation.
  rule "ddns.off" {
    level  = "basic"
    reason = "Nobody outside needs to find the device."

    ddns {
      enabled = false
    }
  }

  # Guide 2.9. Versions 1 and 2c send their communities in clear text, and most devices answer to "public".
  rule "snmp.v3only" {
    level  = "basic"
    reason = "SNMP 1 and 2c have no secrets."

    snmp {
      v1_enabled  = false
      v2c_enabled = false
    }
  }

  # Guide 2.11. Everything typed into a page over HTTP can be read in transit.
  rule "https.on" {
    level  = "basic"
    reason = "Passwords and pictures must be encrypted in transit."

    https {
      enabled = true
    }
  }

  rule "http.redirect_or_off" {
    level  = "basic"
    reason = "Nobody should be able to connect without encryption."

    https {
      redirect = true
    }
  }

  # Guide 2.14. Basic sends the password with every request.
  rule "web.digest" {
    level  = "basic"
    reason = "A password must not be sent in clear text."

    web_auth {
      method = "digest"
    }
  }

  # Guide 2.15. Recorders that pull streams with Basic must be changed first.
  rule "rtsp.digest" {
    level  = "basic"
    reason = "The stream must ask for the same password as everything else."

    rtsp_auth {
      method = "digest"
    }
  }

  # Guide 2.16. A second way in, with its own accounts, which no password policy of the device covers.
  rule "onvif.off_or_users" {
    level  = "basic"
    reason = "An unused service is switched off."

    integration {
      onvif_enabled = false
    }
  }

  # Guide 2.18. Versions of TLS before 1.2 are broken.
  rule "tls.min12" {
    level  = "basic"
    reason = "Old versions of TLS can be decrypted."

    https {
      min_tls = "1.2"
    }
  }

  # Guide 2.22. A camera must neither open ports in the router on its own, nor announce itself to everybody who listens.
  rule "upnp.off" {
    level  = "basic"
    reason = "A port that a camera opens is in a search engine the next day."

    upnp {
      enabled = false
    }
    network_discovery "1" {
      upnp    = false
      bonjour = false
    }
    service "Bonjour" {
      enabled = false
    }
  }

  # Guide 2.23. A shell is for the vendor's support, only while it works on the device.
  rule "ssh.off" {
    level  = "basic"
    reason = "A shell is more than anybody needs."

    ssh {
      enabled = false
    }
  }

  rule "telnet.off" {
    level  = "basic"
    reason = "A shell without encryption is worse."

    telnet {
      enabled = false
    }
  }

  # Guide 2.26. Without them, a forgotten password means sending the device to the vendor.
  check "account.recovery" {
    level  = "basic"
    reason = "A forgotten password must not send anybody up a ladder."

    assert {
      condition     = length(self.recovery.ways) > 0
      error_message = "No way to a new password is prepared. Set security_questions or security_email, or run camform recover prepare."
    }
  }

  # Guide 2.27. One administrator, and no more rights than needed for everybody else.
  check "users.least" {
    level  = "basic"
    reason = "An account that nobody knows belongs to somebody else."

    # An account that shows no level may be another administrator.
    assert {
      condition     = length(observed_all("/ISAPI/Security/users", "User/userLevel")) == length(observed_all("/ISAPI/Security/users", "User")) ? length([for level in observed_all("/ISAPI/Security/users", "User/userLevel") : level if level == "Administrator"]) == 1 : null
      error_message = "The device does not have exactly one administrator."
    }
  }

  # Guide 2.28. Fewer than four attempts lock out the owner, more than seven help an attacker.
  rule "lock.on" {
    level  = "basic"
    reason = "Guessing must be slow."

    login_lock {
      enabled  = true
      attempts = 5
      minutes  = 30
    }
  }

  # Guide 2.29. The format of this time is proven on few models only; camform writes it where you allow it.
  rule "session.timeout" {
    level  = "basic"
    reason = "A page left open is a way in."

    session {
      idle_logout  = true
      idle_minutes = 15
    }
  }

  # Guide 2.30. A correct configuration does not stay correct on its own.
  check "sustain" {
    level  = "basic"
    reason = "Somebody always changes something."
    manual = "Run camform drift every day, and camform audit every month."
  }

  # Appendix of the manuals. A device must not talk to the vendor's cloud unless somebody decided so.
  rule "cloud.off" {
    level  = "basic"
    reason = "A cloud account is a way in that no filter covers."

    cloud {
      enabled = false
    }
    isup {
      enabled = false
    }
  }

  # Guides for recorders. A recorder that pushes its own password to cameras undoes this configuration.
  check "nvr.sync.off" {
    level  = "basic"
    reason = "Every device has its own password."
    manual = "Do not let recorders pass their password on to cameras, and change the password that they use for plug and play."
  }

  # Guide of 2017. A different port is not security.
  check "ports.nonpublic" {
    level  = "basic"
    reason = "Nobody can attack a device that they cannot reach."
    manual = "Scan the addresses of the site from outside: no port of a device may answer."
  }

  check "rescue.known" {
    level  = "basic"
    reason = "One day the usual way in will be closed."
    manual = "Know how to reach every device when its network settings are wrong, and try it once a year."
  }
}

profile "high" {
  extends = [profile.basic]

  # Guide 2.6. An attacker erases the log of the device first.
  rule "syslog.remote" {
    level  = "high"
    reason = "The attacker must not reach the log."

    log_server {
      enabled = true
      server  = var.log_server
    }
  }

  # Guide 2.12. A self-made certificate proves nothing to a browser, and can be swapped in transit.
  check "cert.own" {
    level  = "high"
    reason = "People must be able to see that they are talking to the device."

    assert {
      condition     = self.certificate == null ? null : !self.certificate.self_signed
      error_message = "The certificate is self-signed; have it signed by your own authority."
    }
    assert {
      condition     = self.certificate == null ? null : !contains(["RSA 512", "RSA 1024"], self.certificate.key)
      error_message = "The key of the certificate is too short."
    }
  }

  # Guide 2.13.
  check "cert.expiry" {
    level  = "high"
    reason = "An expired certificate teaches people to click warnings away."

    assert {
      condition     = self.certificate == null ? null : self.certificate.days_left >= 30
      error_message = "The certificate expires on ${self.certificate.not_after}."
    }
  }

  # Guide 2.14, second step. Both at first: a recorder that only knows MD5 would be locked out.
  rule "web.sha256" {
    level  = "high"
    reason = "MD5 is obsolete."

    web_auth {
      algorithm = "MD5/SHA256"
    }
  }

  # Guide 2.17. Old clients use port 8000 without encryption; it is also a way to rescue a device.
  rule "sdk.enhanced" {
    level  = "high"
    reason = "The vendor's own protocol over TLS."

    service "SDK_OVER_TLS" {
      enabled = true
    }
  }

  # Guide 2.20.
  rule "websocket.tls" {
    level  = "high"
    reason = "Live view in a browser over TLS."

    service "WebSocketS" {
      enabled = true
    }
    service "WebSocket" {
      enabled = false
    }
  }

  # Guide 2.24. Only the administrators' network and the recorders.
  rule "ipfilter.allow" {
    level  = "high"
    reason = "An address that is not on the list gets no answer at all."

    ip_filter {
      enabled   = true
      mode      = "allow"
      addresses = var.management
    }
  }

  # Pictures and alarms must only go where the configuration says.
  check "smtp.clean" {
    level  = "high"
    reason = "Mail can leak pictures unnoticed."

    # Every slot shows an address, which is empty in an unused slot.
    assert {
      condition     = length(observed_all("/ISAPI/System/Network/mailing", "mailing/receiverList/receiver/emailAddress")) == 0 ? null : alltrue([for address in observed_all("/ISAPI/System/Network/mailing", "mailing/receiverList/receiver/emailAddress") : address == "" || endswith(address, "@${var.mail_domain}")])
      error_message = "The device sends mail to an address outside ${var.mail_domain}."
    }
  }

  check "httphosts.clean" {
    level  = "high"
    reason = "HTTP can leak alarms unnoticed."

    # A slot shows its server by address or by name. One that shows neither may send anywhere.
    assert {
      condition     = length(concat(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/ipAddress"), observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/hostName"))) < length(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification")) ? null : alltrue([for host in concat(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/ipAddress"), observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/hostName")) : contains(concat(["", "0.0.0.0"], var.alarm_hosts), host)])
      error_message = "The device sends alarms to a server that is not in alarm_hosts."
    }
  }

  check "log.review" {
    level  = "high"
    reason = "Somebody made every change that camform did not make."
    manual = "Read the logs of the devices for changes from unknown addresses."
  }
}

profile "site" {
  extends = [profile.high]

  # Guide 2.10. It can cut a device off, so this file only observes it.
  check "dot1x" {
    level  = "site"
    reason = "Unplugging a camera must not let anybody into the network."
    manual = "Where the switches support 802.1X, set it up device by device, with somebody on site."
  }

  # Guide 2.19. Recorders must support it first.
  rule "srtp" {
    level  = "site"
    reason = "Streams must be encrypted in transit."

    service "SRTP" {
      enabled = true
    }
  }

  # Guide 2.21.
  check "stream.encrypted" {
    level  = "site"
    reason = "Streams of the vendor's own protocol must be encrypted in transit."
    manual = "Switch on stream encryption where device, recorder and client support it."
  }

  # Guide 2.25. A router hides the hardware addresses behind it, so a list of them is for flat networks only.
  check "macfilter" {
    level  = "site"
    reason = "It only helps without a router in between."
    manual = "Filter hardware addresses only on flat networks without a router."
  }

  # Appendix of the manuals. A multicast stream reaches everybody who listens.
  rule "multicast.off" {
    level  = "site"
    reason = "Nobody may get a stream without a login."

    stream_auth "101" {
      multicast = false
    }
    stream_auth "102" {
      multicast = false
    }
  }
}

# Recorders have a list of the cameras that they record.
profile "recorder" {
  extends = [profile.site]

  # Guides for recorders. The recorder must not hold the administrator's password of every camera.
  check "nvr.channel.creds" {
    level  = "high"
    reason = "Control of the recorder must not mean control of the cameras."

    # A channel that shows no name may log in with any account.
    assert {
      condition     = length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel/sourceInputPortDescriptor/userName")) == length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel")) ? !contains(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel/sourceInputPortDescriptor/userName"), "admin") : null
      error_message = "A channel logs in to its camera as admin."
    }
  }
}

# For devices that report what happens to them, which not all do: recorders the state of their channels, others who has armed them.
# Try it on one of each model first, because whatever a device does not report is unknown.
profile "told" {
  # Seen by the recorder: a camera that rejects its password shows no picture, and soon locks it out. Firmware has
  # many words for that, so the check accepts only those for a camera that works.
  check "nvr.channel.works" {
    level  = "basic"
    reason = "A channel with an old password records nothing."

    assert {
      condition     = length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus/chanDetectResult")) == length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus")) ? alltrue([for word in observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus/chanDetectResult") : contains(["connect", "ok", "online"], lower(word))]) : null
      error_message = "The recorder does not reach a camera, or the camera rejects its name or password."
    }
  }

  check "alarms.listeners" {
    level  = "high"
    reason = "A client that has armed a device gets every event, with pictures."

    assert {
      condition     = length(observed_all("/ISAPI/System/status", "AlertStreamServerList")) == 0 ? null : alltrue([for address in observed_all("/ISAPI/System/status", "AlertStreamServerList/AlertStreamServer/ipAddress") : contains(var.alarm_hosts, address)])
      error_message = "The device sends its events to an address that is not in alarm_hosts."
    }
  }
}
