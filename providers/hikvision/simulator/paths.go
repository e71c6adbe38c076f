package simulator

// The documents that a device acts on, beside storing them.
const (
	deviceInfoPath           = "/ISAPI/System/deviceInfo"
	statusPath               = "/ISAPI/System/status"
	timePath                 = "/ISAPI/System/time"
	localTimePath            = "/ISAPI/System/time/localTime"
	timeZonePath             = "/ISAPI/System/time/timeZone"
	ntpServersPath           = "/ISAPI/System/time/ntpServers"
	rebootPath               = "/ISAPI/System/reboot"
	ipFilterPath             = "/ISAPI/System/Network/ipFilter"
	securityPath             = "/ISAPI/Security"
	securityCapabilitiesPath = "/ISAPI/Security/capabilities"
	adminAccessesPath        = "/ISAPI/Security/adminAccesses"
	webCertificatePath       = "/ISAPI/Security/webCertificate"
	illegalLoginLockPath     = "/ISAPI/Security/illegalLoginLock"
	usersPath                = "/ISAPI/Security/users"
	userCheckPath            = "/ISAPI/Security/userCheck"
	activateStatusPath       = "/SDK/activateStatus"
)
