# Security advisories about Hikvision devices. The facts come from the CVE records of the vendor and of MITRE, and for two entries
# from ICSA-17-124-01.
#
# In patterns of models, x is any letter or digit, * any text, and what stands in brackets may be missing. Capitals stand for
# themselves. Records write "-I Series" for -I, -IS, -IWS; such patterns end with *.
#
# confidence says how well the facts are known: confirmed by the record, likely by one source, or unsure. complete says that the
# record lists every product: only then is a model that it lacks ever called not affected. families are all sorts of devices that
# could be concerned at all.
#
# gte and lte include the version, lt and build_lt do not. Of versions before gte nothing is said; not_affected_before is for
# records that call them not affected.
#
# HikCentral, the Intercom Broadcasting System and wireless access points are no devices that camform manages, and are not in here.

data {
  version = "1"
  date    = "2026-07-09"
  page    = "https://www.hikvision.com/en/support/cybersecurity/security-advisory/"
}

family "camera" {
  title  = "cameras"
  models = ["DS-2CD*", "DS-2DC*", "DS-2DE*", "DS-2DF*", "DS-2DP*", "DS-2DY*", "DS-2SC*", "DS-2SE*", "DS-2TD*", "DS-2TX*", "DS-2XC*", "DS-2XE*", "DS-2XM*", "DS-2XS*", "iDS-2*", "HWI-*", "IPC-*"]
  types  = ["IPCamera", "IPDome", "IPZoom"]
}

family "recorder" {
  title = "recorders"
  models = [
    "DS-7xxx*", "DS-8xxx*", "DS-9xxx*", "iDS-6xxx*", "iDS-7xxx*", "iDS-8xxx*", "iDS-9xxx*", "DS-Exx*", "iDS-Exx*", "DVR-Exx*",
    "HL-DVR-*", "HL-NVR-*", "HW-HWD-*", "HW-HWN-*", "NVR-*",
  ]
  types = ["DVR", "NVR", "HDVR"]
}

family "storage" {
  title  = "storage servers"
  models = ["DS-Axxxxx*"]
}

family "access_control" {
  title  = "access control devices"
  models = ["DS-K1*", "DS-K2*", "DS-K3*", "DS-K5*"]
  types  = ["ACS"]
}

family "intercom" {
  title  = "intercoms"
  models = ["DS-KB*", "DS-KD*", "DS-KH*", "DS-KV*"]
  types  = ["VIS"]
}

family "bridge" {
  title  = "wireless bridges"
  models = ["DS-3WF*"]
}

service "sadp" {
  title     = "the search of the vendor's tools (SADP)"
  setting   = "discovery"
  attribute = "sadp"
  off       = "nonDiscoverable"
}

# No setting switches it off. Keep the devices apart from networks that are not trusted.
service "password_recovery" {
  title = "the recovery of a forgotten password"
}

advisory "CVE-2017-7921" {
  title      = "Improper authentication"
  cvss       = "9.8"
  exploited  = "2026-03-05"
  url        = "https://www.cisa.gov/news-events/ics-advisories/icsa-17-124-01"
  confidence = "confirmed"
  families   = ["camera"]
  complete   = true

  products {
    models = ["DS-2CD2xx2F-I*"]
    gte    = "V5.2.0 build 140721"
    lte    = "V5.4.0 build 160530"
  }
  products {
    models = ["DS-2CD2xx0F-I*"]
    lte    = "V5.4.0 build 160401"
  }
  products {
    models = ["DS-2CD2xx2FWD"]
    gte    = "V5.3.1 build 150410"
    lte    = "V5.4.4 build 161125"
  }
  products {
    models = ["DS-2CD4x2xFWD"]
    gte    = "V5.2.0 build 140721"
    lte    = "V5.4.0 build 160414"
  }
  products {
    models = ["DS-2CD4xx5*"]
    lte    = "V5.4.0 build 160421"
  }
  products {
    models = ["DS-2DFx*"]
    gte    = "V5.2.0 build 140805"
    lte    = "V5.4.5 build 160928"
  }
  products {
    models = ["DS-2CD63xx*"]
    gte    = "V5.0.9 build 140305"
    lte    = "V5.3.5 build 160106"
  }
}

advisory "CVE-2017-7923" {
  title      = "Password in the configuration file"
  url        = "https://www.cisa.gov/news-events/ics-advisories/icsa-17-124-01"
  confidence = "likely"
  families   = ["camera"]
  complete   = false

  products {
    models = ["DS-2CD2xx2F-I*"]
    gte    = "V5.2.0 build 140721"
    lte    = "V5.4.0 build 160530"
  }
  products {
    models = ["DS-2CD2xx0F-I*"]
    lte    = "V5.4.0 build 160401"
  }
  products {
    models = ["DS-2CD2xx2FWD"]
    gte    = "V5.3.1 build 150410"
    lte    = "V5.4.4 build 161125"
  }
  products {
    models = ["DS-2CD4x2xFWD"]
    gte    = "V5.2.0 build 140721"
    lte    = "V5.4.0 build 160414"
  }
  products {
    models = ["DS-2CD4xx5*"]
    lte    = "V5.4.0 build 160421"
  }
  products {
    models = ["DS-2DFx*"]
    gte    = "V5.2.0 build 140805"
    lte    = "V5.4.5 build 160928"
  }
  products {
    models = ["DS-2CD63xx*"]
    gte    = "V5.0.9 build 140305"
    lte    = "V5.3.5 build 160106"
  }
}

advisory "CVE-2018-6413" {
  title      = "Buffer overflow that stops the device"
  url        = "https://www.cve.org/CVERecord?id=CVE-2018-6413"
  confidence = "confirmed"
  families   = ["camera"]
  complete   = true

  products {
    models = ["DS-2CD9111-S"]
    lte    = "V4.1.2 build 160203"
  }
}

advisory "CVE-2018-6414" {
  title      = "Buffer overflow"
  url        = "https://www.cve.org/CVERecord?id=CVE-2018-6414"
  confidence = "confirmed"
  families   = ["camera"]
  complete   = true

  products {
    models = ["DS-2DE4xxxW", "DS-2DE5xxxW", "DS-2DE7xxxW"]
    lte    = "V5.5.6 build 180408"
  }
}

# The record speaks of one version, and of no fix.
advisory "CVE-2020-7057" {
  title      = "Names of accounts can be found out"
  url        = "https://www.cve.org/CVERecord?id=CVE-2020-7057"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = false

  products {
    models = ["DS-7204HGHI-F1"]
    only   = "V4.0.1 build 180903"
  }
}

# The record lists neither products nor versions, about 80 models are affected, and no source for builds is better than hearsay.
advisory "CVE-2021-36260" {
  title      = "Command injection without login (HSRC-202109-01)"
  cvss       = "9.8"
  exploited  = "2022-01-10"
  url        = "https://www.cve.org/CVERecord?id=CVE-2021-36260"
  confidence = "unsure"
  families   = ["camera", "recorder"]
  complete   = false

  products {
    build_lt = "210702"
  }
}

advisory "CVE-2022-28171" {
  title      = "Flaw of Hybrid SAN and cluster storage"
  cvss       = "7.5"
  url        = "https://www.cve.org/CVERecord?id=CVE-2022-28171"
  confidence = "confirmed"
  families   = ["storage"]
  complete   = true

  products {
    models = ["DS-A71024", "DS-A71048", "DS-A71072R", "DS-A71024R", "DS-A71048R", "DS-A80624S", "DS-A81016S", "DS-A72024", "DS-A72072R", "DS-A72024R", "DS-A80316S", "DS-A82024D"]
    lte    = "V2.3.8-6"
  }
  products {
    models = ["DS-Axxxxx(R|S|D)-CVS"]
    lte    = "V1.1.4"
  }
}

advisory "CVE-2022-28172" {
  title      = "Flaw of Hybrid SAN and cluster storage"
  url        = "https://www.cve.org/CVERecord?id=CVE-2022-28172"
  confidence = "likely"
  families   = ["storage"]
  complete   = false

  products {
    models = ["DS-A71024", "DS-A71048", "DS-A71072R", "DS-A71024R", "DS-A71048R", "DS-A80624S", "DS-A81016S", "DS-A72024", "DS-A72072R", "DS-A72024R", "DS-A80316S", "DS-A82024D"]
    lte    = "V2.3.8-6"
  }
  products {
    models = ["DS-Axxxxx(R|S|D)-CVS"]
    lte    = "V1.1.4"
  }
}

advisory "CVE-2022-28173" {
  title      = "Flaw of wireless bridges"
  cvss       = "9.1"
  url        = "https://www.cve.org/CVERecord?id=CVE-2022-28173"
  confidence = "confirmed"
  families   = ["bridge"]
  complete   = true

  products {
    models = ["DS-3WF0AC-2NT"]
    lt     = "V1.1.0"
  }
  products {
    models = ["DS-3WF01C-2N/O"]
    lt     = "V1.0.4"
  }
}

advisory "CVE-2023-28808" {
  title      = "Flaw of Hybrid SAN and cluster storage"
  cvss       = "9.1"
  url        = "https://www.cve.org/CVERecord?id=CVE-2023-28808"
  confidence = "confirmed"
  families   = ["storage"]
  complete   = true

  products {
    models = ["DS-A71024", "DS-A71048", "DS-A71072R", "DS-A71024R", "DS-A71048R", "DS-A80624S", "DS-A81016S", "DS-A72024", "DS-A72072R", "DS-A72024R", "DS-A80316S", "DS-A82024D"]
    lte    = "V2.3.8-8"
  }
  products {
    models = ["DS-Axxxxx(R|S|D)-CVS"]
    lte    = "V1.1.4"
  }
}

advisory "CVE-2023-28809" {
  title      = "Session of another user can be taken over"
  cvss       = "7.5"
  url        = "https://www.cve.org/CVERecord?id=CVE-2023-28809"
  confidence = "confirmed"
  families   = ["access_control", "intercom"]
  complete   = true

  products {
    models = ["DS-K1T804A*"]
    lt     = "V1.4.0 build 221212"
  }
  products {
    models = ["DS-K1T341A*", "DS-K1T671*"]
    lt     = "V3.2.30 build 221223"
  }
  products {
    models = ["DS-K1T343*"]
    lt     = "V3.14.0 build 230117"
  }
  products {
    models = ["DS-K1T341C*"]
    lt     = "V3.3.8 build 230112"
  }
  products {
    models = ["DS-K1T320*"]
    lt     = "V3.5.0 build 220706"
  }
}

advisory "CVE-2023-28810" {
  title      = "Network settings can be changed without login on the local network"
  cvss       = "4.3"
  url        = "https://www.cve.org/CVERecord?id=CVE-2023-28810"
  confidence = "confirmed"
  families   = ["access_control", "intercom"]
  complete   = true

  products {
    models = ["DS-K1T804A*"]
    lt     = "V1.4.0 build 221212"
  }
  products {
    models = ["DS-K1T341A*", "DS-K1T671*"]
    lt     = "V3.2.30 build 221223"
  }
  products {
    models = ["DS-K1T343*"]
    lt     = "V3.14.0 build 230117"
  }
  products {
    models = ["DS-K1T341C*"]
    lt     = "V3.3.8 build 230112"
  }
  products {
    models = ["DS-K1T320*"]
    lt     = "V3.5.0 build 220706"
  }
  products {
    models = ["DS-KH63*", "DS-KH85*"]
    lt     = "V2.2.8 build 230219"
  }
  products {
    models = ["DS-KH9310-WTE1(B)", "DS-KH9510-WTE1(B)"]
    lt     = "V2.1.76 build 230204"
  }
}

advisory "CVE-2023-28811" {
  title      = "Buffer overflow in the recovery of a password, on the local network"
  cvss       = "7.4"
  url        = "https://www.cve.org/CVERecord?id=CVE-2023-28811"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true
  service    = "password_recovery"

  # The record leaves the I of HQHI and its relatives out; devices show it.
  products {
    models = [
      "iDS-ExxHUH*", "DS-ExxHGH*", "iDS-ExxHQH*", "DVR-ExxH(U|G|Q)H*",
      "iDS-72xxH(Q|U|T)H(I)-M*", "iDS-71xxH(Q|U)H(I)-M*", "DS-71xxHGH(I)-M*", "DS-72xxHGH(I)-M*", "DS-71xxHGH(I)-K*", "DS-72xxHGH(I)-K*",
      "HL-DVR-*", "HW-HWD-*", "NVR-1xxMH-C(D)", "NVR-2xxMH-C(D)", "HW-HWN-21xxMH(C|D)", "HW-HWN-41xxMH(C|D)", "HW-HWN-42xxMH(C|D)",
      "DS-71xxNI-Q1(C|D)", "HL-NVR-1xxMH", "HL-NVR-2xxMH", "DS-76xxNI-Q1(C)", "DS-76xxNI-Q2(C)", "DS-76xxNI-K1(C)", "DS-77xxNI-I4(B)",
    ]
    build_lt            = "230821"
    not_affected_before = "V4.1.60"
  }
}

advisory "CVE-2024-29947" {
  title      = "Null pointer"
  cvss       = "2.7"
  url        = "https://www.cve.org/CVERecord?id=CVE-2024-29947"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true

  products {
    models = ["DS-7604NI-K1/4P(B)"]
    lte    = "V4.30.96 build 221220"
  }
}

advisory "CVE-2024-29948" {
  title      = "Read out of bounds"
  cvss       = "3.8"
  url        = "https://www.cve.org/CVERecord?id=CVE-2024-29948"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true

  products {
    models = ["DS-7604NXI-K1/4P"]
    lte    = "V4.76.5 build 231012"
  }
}

# The build of V4.30.96 is from CVE-2024-29947, which is about the same recorder.
advisory "CVE-2024-29949" {
  title      = "Command injection by an administrator"
  cvss       = "7.2"
  url        = "https://www.cve.org/CVERecord?id=CVE-2024-29949"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true

  products {
    models = ["DS-7604NI-K1/4P(B)"]
    lte    = "V4.30.96 build 221220"
  }
  products {
    models = [
      "DS-76xxNI-Mx", "DS-77xxNI-Mx", "DS-96xxxNI-Mx(x)", "DS-76xxNXI-Ix", "DS-77xxNXI-Ix", "DS-86xxNXI-Ix", "DS-96xxNXI-Ix",
      "iDS-76xxNXI-Mx", "iDS-77xxNXI-Mx", "iDS-96xxxNXI-Mx(x)", "DS-96xxxNXI-Mx(x)",
    ]
    gte = "V5.0.0"
    lt  = "V5.2.6"
  }
  products {
    models = ["DS-7604NI-M1/4P"]
    lt     = "V5.1.70"
  }
}

advisory "CVE-2025-66173" {
  title      = "Rights over the serial port, for who holds the device"
  cvss       = "6.2"
  url        = "https://www.cve.org/CVERecord?id=CVE-2025-66173"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true

  products {
    models = ["DS-7104HGHI-F1", "DS-7204HGHI-F1"]
    lte    = "V4.30.122 build 201107"
  }
}

advisory "CVE-2025-66174" {
  title      = "Rights over the serial port, for who holds the device"
  cvss       = "6.5"
  url        = "https://www.cve.org/CVERecord?id=CVE-2025-66174"
  confidence = "confirmed"
  families   = ["recorder"]
  complete   = true

  products {
    models = ["DS-7104HGHI-F1", "DS-7204HGHI-F1"]
    lte    = "V4.30.122 build 201107"
  }
}

advisory "CVE-2025-66176" {
  title      = "Buffer overflow in the search of devices, on the local network"
  cvss       = "8.8"
  url        = "https://www.cve.org/CVERecord?id=CVE-2025-66176"
  confidence = "confirmed"
  families   = ["access_control", "intercom"]
  complete   = true
  service    = "sadp"

  products {
    models = ["DS-K1T331*", "DS-K1T341A*", "DS-K1T341B*", "DS-K1T671*", "DS-K1T672*", "DS-K1T680*", "DS-K1T981*"]
    lt     = "V3.7.80"
  }
  products {
    models = ["DS-K1T341C*"]
    lt     = "V3.3.180"
  }
  products {
    models = ["DS-K1T670*", "DS-K1T673*", "DS-K1T342*", "DS-K1T343*", "DS-K1T344*", "DS-K1T6QT*"]
    lt     = "V4.48.0"
  }
  products {
    models = ["DS-K1T8003*", "DS-K1T8004*"]
    lt     = "V1.4.21"
  }
  products {
    models = ["DS-K1T804A*"]
    lt     = "V1.4.22"
  }
  products {
    models = ["DS-K1T804B*"]
    lt     = "V1.4.23"
  }
  products {
    models = ["DS-K1T201A*", "DS-K1T105A*"]
    lt     = "V1.3.65"
  }
  products {
    models = ["DS-K1T8005*", "DS-K1T808*"]
    lt     = "V3.25.40"
  }
  products {
    models = ["DS-K1T320*", "DS-K1T321*"]
    lt     = "V3.9.40"
  }
  products {
    models = ["DS-K1T323*", "DS-K1T510*"]
    lt     = "V4.23.41"
  }
  products {
    models = ["DS-K5033*"]
    lt     = "V4.37.40"
  }
}

# The list of the record is longer than this one.
advisory "CVE-2025-66177" {
  title      = "Buffer overflow in the search of devices, on the local network"
  cvss       = "8.8"
  url        = "https://www.cve.org/CVERecord?id=CVE-2025-66177"
  confidence = "confirmed"
  families   = ["camera", "recorder", "storage"]
  complete   = false
  service    = "sadp"

  products {
    models = [
      "DS-96xxxNI-Hx", "DS-96xxxNI-Ix", "DS-96xxNXI-Sx", "DS-96xxxNXI-Sx", "DS-76xxNXI-Mx/VPro", "DS-96xxNXI-Mx/VPro",
      "DS-76xxNI-Mx", "DS-77xxNI-Mx", "DS-96xxNXI-Mx", "DS-96xxxNXI-Mx", "DS-86xxxNXI-Mx",
      "DS-76xxNXI-Ix/S", "DS-77xxNXI-Ix/S", "DS-86xxNXI-Ix/S", "DS-96xxNXI-Ix/S", "DS-76xxNXI-Ix/VPro", "DS-77xxNXI-Ix/VPro",
      "DS-76xxNXI-Kx(/xP|/xxP)(D)(E)(B)", "DS-77xxNXI-Kx(/xP|/xxP)(D)(E)(B)", "DS-76xxNXI-Kx(/xP|/xxP)/VPro", "DS-77xxNXI-Kx(/xP|/xxP)/VPro",
      "DS-86xxNXI-K8(/xP|/xxP)", "DS-76xxNI-Qx(/xP|/xxP)(D)(E)", "DS-76xxNI-Q1(/xP|/xxP)", "DS-76xxNI-Q2(/xP|/xxP)",
      "DS-71xxNI-Q1(/xP|/xxP)", "DS-71xxNI-Q1(/xP|/xxP)/M", "DS-710xNI-G1(/xP|/xxP)/M",
      "iDS-71xxHGHI-M1(/T)", "iDS-72xxHGHI-M1(/T)", "iDS-71xxHQHI-M1(/T)", "iDS-72xxHQHI-M1(/T)", "iDS-72xxHQHI-Mx/XT", "iDS-72xxHUHI-Mx/XT",
    ]
    build_lt = "250807"
  }
  products {
    models = ["DS-2CD1xxxG2", "DS-2CD3xx1G2", "HWI-xxxxHA", "IPC-xxxxHA"]
    lte    = "V5.7.13 build 230822"
  }
  products {
    models = ["DS-2CD2Dx5G1", "DS-2CD64x5G1"]
    lte    = "V5.7.210 build 240826"
  }
  products {
    models = ["DS-2CD29xxG0"]
    lte    = "V5.7.21 build 240814"
  }
  products {
    models = ["DS-2XE6xxxG0", "DS-2XC6xxxG0"]
    lte    = "V5.7.7 build 241203"
  }
  products {
    models = ["DS-2CD1xxxG0(T)", "DS-2CD1xx1", "DS-2CD3xx1G0", "DS-2CD2xx1G0", "IPC-xxxxH", "HWI-xxxH(C)"]
    lte    = "V5.7.23 build 241015"
  }
}
