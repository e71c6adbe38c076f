# The hardening baseline: the vendor's guide for firmware V5.7, the guides for recorders, and what experience adds. Every
# rule has an id, under which "camform audit" reports it, and a level:
#
#   basic   for every device
#   high    for devices that are worth an attack
#   site    where the site is made for it
#
# Start with "camform audit", which changes nothing, and see what would be done with "camform plan". A device that lacks
# what a rule is about is left alone and told. A check whose document a device does not have is unknown there, and so is one
# that finds less in it than it needs: put it into a profile for the devices that have the document.

profile "basic" {
  # Guide 2.1. A password that is on a list of defaults is tried by every worm.
  check "activate.strong" {
    level  = "basic"
    reason = "A weak password is found by machines within hours."

    assert {
      condition     = observed("/ISAPI/Security/userCheck", "isDefaultPassword") == null ? null : lower(observed("/ISAPI/Security/userCheck", "isDefaultPassword")) == "false"
      error_message = "The device says that its password is the default one."
    }
    assert {
      condition     = observed("/ISAPI/Security/userCheck", "isRiskPassword") == null ? null : lower(observed("/ISAPI/Security/userCheck", "isRiskPassword")) == "false"
      error_message = "The device calls its password weak."
    }
  }

  # Guide 2.2. Logs, certificates and recordings are worth nothing with a wrong clock.
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

  # Guide 2.3. CVE-2017-7921 and CVE-2021-36260 are used in the wild. "camform advisories" has the reasons of each verdict. What it
  # leaves open, somebody has to look up on the vendor's page by serial number: minimum_firmware says from which version on a model
  # is good. No minimum outweighs an advisory that affects the device.
  check "firmware.current" {
    level  = "basic"
    reason = "Known holes are closed by new firmware only; camform advisories tells which."

    assert {
      condition     = length(self.advisories.affected) == 0
      error_message = "${self.model} with ${self.firmware} is affected by ${join(", ", self.advisories.affected)}."
    }
    assert {
      condition     = length(self.advisories.unknown) == 0 && lookup(var.minimum_firmware, self.model, null) == null ? true : version_at_least(self.firmware, lookup(var.minimum_firmware, self.model, null))
      error_message = "${self.model} has ${self.firmware}, and should have at least ${var.minimum_firmware[self.model]}."
    }
  }

  # Guide 2.4. Without a copy of its configuration a device that was reset is set up from memory.
  check "backup.exists" {
    level  = "basic"
    reason = "A reset device must come back as it was."
    manual = "Export the configuration at least every 30 days, and try to read the export."
  }

  # Guide 2.5. camform never resets or restores a device.
  check "restore.guarded" {
    level  = "basic"
    reason = "A factory reset opens a device to whoever comes first."
    manual = "Know who may reset devices, and how it is noticed."
  }

  # Guide 2.7. A device that changes its address is lost to recorders, filters and to this configuration.
  check "net.static" {
    level  = "basic"
    reason = "Filters and recorders know devices by their addresses."

    assert {
      condition     = observed("/ISAPI/System/Network/interfaces", "NetworkInterface[id=1]/IPAddress/addressingType") == null ? null : observed("/ISAPI/System/Network/interfaces", "NetworkInterface[id=1]/IPAddress/addressingType") == "static"
      error_message = "The device takes its address from a router; give it a fixed one, or reserve it there and leave this check out."
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

  # Guide 2.9. Versions 1 and 2c send their communities in clear, and most devices answer to "public".
  rule "snmp.v3only" {
    level  = "basic"
    reason = "SNMP 1 and 2c have no secrets."

    snmp {
      v1_enabled  = false
      v2c_enabled = false
    }
  }

  # Guide 2.11. Everything that is typed into a page over HTTP can be read on the way.
  rule "https.on" {
    level  = "basic"
    reason = "Passwords and pictures travel encrypted."

    https {
      enabled = true
    }
  }

  rule "http.redirect_or_off" {
    level  = "basic"
    reason = "Nobody should be able to choose the way without encryption."

    https {
      redirect = true
    }
  }

  # Guide 2.14. Basic sends the password with every request.
  rule "web.digest" {
    level  = "basic"
    reason = "A password must not travel as it is."

    web_auth {
      method = "digest"
    }
  }

  # Guide 2.15. Recorders that pull streams with Basic must be changed first.
  rule "rtsp.digest" {
    level  = "basic"
    reason = "The stream asks for the same password as everything else."

    rtsp_auth {
      method = "digest"
    }
  }

  # Guide 2.16. A second way in, with accounts of its own that no password policy of the device covers.
  rule "onvif.off_or_users" {
    level  = "basic"
    reason = "What is not used is switched off."

    integration {
      onvif_enabled = false
    }
  }

  # Guide 2.18. Versions of TLS before 1.2 are broken.
  rule "tls.min12" {
    level  = "basic"
    reason = "Old versions of TLS can be read."

    https {
      min_tls = "1.2"
    }
  }

  # Guide 2.22. A camera must neither open the router by itself, nor call out its presence to whoever listens.
  rule "upnp.off" {
    level  = "basic"
    reason = "A port that a camera opens is on a search engine the next day."

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

  # Guide 2.23. A shell is for the vendor's support, for the hour in which it works.
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

  # Guide 2.26. Whoever forgets a password without them sends the device to the vendor.
  check "account.recovery" {
    level  = "basic"
    reason = "A forgotten password must not cost a ladder."

    assert {
      condition     = length(self.recovery.ways) > 0
      error_message = "No way to a new password is prepared. Set security_questions or security_email, or run camform recover prepare."
    }
  }

  # Guide 2.27. One administrator, and everybody else no more than they need.
  check "users.least" {
    level  = "basic"
    reason = "Accounts that nobody knows are accounts of somebody else."

    # An account that shows no level may be another administrator.
    assert {
      condition     = length(observed_all("/ISAPI/Security/users", "User/userLevel")) == length(observed_all("/ISAPI/Security/users", "User")) ? length([for level in observed_all("/ISAPI/Security/users", "User/userLevel") : level if level == "Administrator"]) == 1 : null
      error_message = "The device has another number of administrators than one."
    }
  }

  # Guide 2.28. Fewer than four attempts lock out the owner, more than seven help who guesses.
  rule "lock.on" {
    level  = "basic"
    reason = "Guessing must be slow."

    login_lock {
      enabled  = true
      attempts = 5
      minutes  = 30
    }
  }

  # Guide 2.29. How a device keeps the time is known of few models only; camform writes it where you allow it.
  rule "session.timeout" {
    level  = "basic"
    reason = "A page that was left open is a way in."

    session {
      idle_logout  = true
      idle_minutes = 15
    }
  }

  # Guide 2.30. What was right once does not stay so by itself.
  check "sustain" {
    level  = "basic"
    reason = "Somebody always changes something."
    manual = "Run camform drift every day, and camform audit every month."
  }

  # Appendix of the manuals. A device must not talk to the vendor's cloud unless somebody decided that.
  rule "cloud.off" {
    level  = "basic"
    reason = "A cloud account is a way in that no filter sees."

    cloud {
      enabled = false
    }
    isup {
      enabled = false
    }
  }

  # Guides for recorders. A recorder that pushes its own password to cameras undoes what this configuration wants.
  check "nvr.sync.off" {
    level  = "basic"
    reason = "Every device has its own password."
    manual = "Do not let recorders pass their password on to cameras, and change the password that they use for plug and play."
  }

  # Guide of 2017. Another port is not security.
  check "ports.nonpublic" {
    level  = "basic"
    reason = "What cannot be reached cannot be attacked."
    manual = "Scan the addresses of the site from outside: no port of a device may answer."
  }

  check "rescue.known" {
    level  = "basic"
    reason = "One day the way in will be closed."
    manual = "Know for every device how it is reached when its network settings are wrong, and try it once a year."
  }
}

profile "high" {
  extends = [profile.basic]

  # Guide 2.6. An attacker erases the log of the device first.
  rule "syslog.remote" {
    level  = "high"
    reason = "A log that the attacker cannot reach."

    log_server {
      enabled = true
      server  = var.log_server
    }
  }

  # Guide 2.12. A certificate of the device's own making proves nothing to a browser, and can be swapped on the way.
  check "cert.own" {
    level  = "high"
    reason = "People must be able to see that they talk to the device."

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
      error_message = "The certificate ends on ${self.certificate.not_after}."
    }
  }

  # Guide 2.14, second step. Both at first: a recorder that knows MD5 only would be locked out.
  rule "web.sha256" {
    level  = "high"
    reason = "MD5 is at its end."

    web_auth {
      algorithm = "MD5/SHA256"
    }
  }

  # Guide 2.17. Port 8000 without encryption is what old clients speak; it is a way to the rescue, too.
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

  # Guide 2.24. Nobody but the network of the administrators and the recorders.
  rule "ipfilter.allow" {
    level  = "high"
    reason = "Whoever is not on the list gets no answer at all."

    ip_filter {
      enabled   = true
      mode      = "allow"
      addresses = var.management
    }
  }

  # Pictures and alarms must not go where nobody declared it.
  check "smtp.clean" {
    level  = "high"
    reason = "Pictures leave by mail unnoticed."

    # Every slot shows an address, which is empty where nobody is in it.
    assert {
      condition     = length(observed_all("/ISAPI/System/Network/mailing", "mailing/receiverList/receiver/emailAddress")) == 0 ? null : alltrue([for address in observed_all("/ISAPI/System/Network/mailing", "mailing/receiverList/receiver/emailAddress") : address == "" || endswith(address, "@${var.mail_domain}")])
      error_message = "The device sends mail to an address outside of ${var.mail_domain}."
    }
  }

  check "httphosts.clean" {
    level  = "high"
    reason = "Alarms leave by HTTP unnoticed."

    # A slot shows its server by address or by name. One that shows neither may send anywhere.
    assert {
      condition     = length(concat(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/ipAddress"), observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/hostName"))) < length(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification")) ? null : alltrue([for host in concat(observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/ipAddress"), observed_all("/ISAPI/Event/notification/httpHosts", "HttpHostNotification/hostName")) : contains(concat(["", "0.0.0.0"], var.alarm_hosts), host)])
      error_message = "The device sends alarms to a server that is not in alarm_hosts."
    }
  }

  check "log.review" {
    level  = "high"
    reason = "Changes that camform did not make were made by somebody."
    manual = "Read the logs of the devices for changes from addresses that nobody knows."
  }
}

profile "site" {
  extends = [profile.high]

  # Guide 2.10. It can cut a device off, so it is observed and never written from here.
  check "dot1x" {
    level  = "site"
    reason = "Whoever unplugs a camera must not get into the network."
    manual = "Where the switches do 802.1X, set it up device by device, with somebody on the spot."
  }

  # Guide 2.19. Recorders must support it first.
  rule "srtp" {
    level  = "site"
    reason = "Streams travel encrypted."

    service "SRTP" {
      enabled = true
    }
  }

  # Guide 2.21.
  check "stream.encrypted" {
    level  = "site"
    reason = "Streams of the vendor's own protocol travel encrypted."
    manual = "Switch on stream encryption where device, recorder and client have it."
  }

  # Guide 2.25. A router hides the hardware addresses behind it, so that a list of them is for flat networks only.
  check "macfilter" {
    level  = "site"
    reason = "It only helps where no router is between."
    manual = "Filter hardware addresses on flat networks without a router only."
  }

  # Appendix of the manuals. A stream by multicast reaches whoever listens.
  rule "multicast.off" {
    level  = "site"
    reason = "Nobody gets a stream without a login."

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
    reason = "Who has the recorder must not have the cameras."

    # A channel that shows no name may log in as anybody.
    assert {
      condition     = length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel/sourceInputPortDescriptor/userName")) == length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel")) ? !contains(observed_all("/ISAPI/ContentMgmt/InputProxy/channels", "InputProxyChannel/sourceInputPortDescriptor/userName"), "admin") : null
      error_message = "A channel logs in to its camera as admin."
    }
  }
}

# For devices that tell what happens to them, which not all do: of a recorder its channels, of others who has armed them. Try it
# on one of each model first, since what a device does not tell is unknown.
profile "told" {
  # What the recorder itself found out: a camera that refuses its password shows no picture, and soon locks it out. Firmware has
  # many words for that, so those for a camera that works count, and no others.
  check "nvr.channel.works" {
    level  = "basic"
    reason = "A channel with an old password records nothing."

    assert {
      condition     = length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus/chanDetectResult")) == length(observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus")) ? alltrue([for word in observed_all("/ISAPI/ContentMgmt/InputProxy/channels/status", "InputProxyChannelStatus/chanDetectResult") : contains(["connect", "ok", "online"], lower(word))]) : null
      error_message = "The recorder does not reach a camera, or the camera refuses its name or password."
    }
  }

  check "alarms.listeners" {
    level  = "high"
    reason = "Whoever has armed a device gets every event, with pictures."

    assert {
      condition     = length(observed_all("/ISAPI/System/status", "AlertStreamServerList")) == 0 ? null : alltrue([for address in observed_all("/ISAPI/System/status", "AlertStreamServerList/AlertStreamServer/ipAddress") : contains(var.alarm_hosts, address)])
      error_message = "The device sends its events to an address that is not in alarm_hosts."
    }
  }
}
