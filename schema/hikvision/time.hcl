setting "time" {
  summary    = "Source of the clock, and time zone"
  source     = "Recorded on cameras, recorders and door stations V1.2 to V5.10; grammar of the zone from the official guide"
  confidence = "confirmed"
  phase      = "clock"
  hooks      = "time"

  doc = <<-EOT
    Where the device gets its time, and in which zone it shows it. The clock itself is not an attribute: it moves on its
    own.

    In NTP mode camform leaves the time that the device reported out of what it sends. In manual mode it sends the time back
    without its offset from UTC, which makes the device keep the wall clock that it showed when it was read.

    A change that moves the clock by more than five minutes needs `accept_clock_jump` in the block of the device or a
    profile: recordings, certificates and schedules depend on it. That applies to the change to NTP mode, and to another
    zone in manual mode.

    Recent recorders also name the zone as Windows does, and can follow that name. The name follows the zone when that
    changes.

    Recorders of the DVR lines store their own daylight saving rule (first Sunday of April to the last Sunday of October)
    when a zone without one is set. camform accepts that reading and records it.
  EOT

  document {
    path         = "/ISAPI/System/time"
    root         = "Time"
    capabilities = ["/ISAPI/System/time/capabilities"]
  }

  clock {
    path = "/ISAPI/System/time"
  }

  attribute "mode" {
    type    = string
    doc     = "Where the time comes from: `NTP` for the server of the setting ntp, `manual` for a clock that somebody sets. Devices can show further modes, such as `platform` or `satellite`, which need settings that camform does not write."
    element = "timeMode"
    codec   = "choice"
    values  = ["NTP", "manual"]
    example = "NTP"
  }

  attribute "zone" {
    type     = string
    doc      = "Time zone as in the POSIX variable TZ: name, hours west of Greenwich (so Europe is negative), and with daylight saving time its name and the rules for begin and end. The spelling of the device, `CST-1:00:00DST01:00:00,M3.5.0/02:00:00,M10.5.0/03:00:00`, is accepted as well. Zones are compared by what they mean; the names do not matter."
    elements = ["timeZone", "windowsZone", "IANA"]
    codec    = "time_zone"
    example  = "CET-1CEST,M3.5.0/02:00:00,M10.5.0/03:00:00"
  }
}
