// Package simulator holds devices that behave: network cameras and recorders that speak ISAPI over HTTP, demand digest
// authentication, lock out clients that guess passwords, keep what is written to them and do what their documents say.
//
// It serves people who try out a configuration without hardware, and it is the fake of every test that needs a device.
// For that reason it shares no code with the client: a misreading of the protocol in one does not hide in the other.
//
// Rules:
//
//   - A document is bytes. What a device sends is what its model, its recording or the last accepted write holds, changed
//     only where real devices change it: read-only elements, running clocks, rewritten time zones.
//   - A personality is data. What distinguishes one firmware from another stands in the model.json of the model.
//   - Settings act. A device that is set to close a port, to refuse an address or to speak SHA-256 does it.
//   - The clock is handed in. A device never sleeps except for a fault that asks it to.
//   - Devices of one model share the bytes of their documents until they are written; an idle device has no goroutine but the
//     one that waits at its socket, where it has one.
//
// # Models
//
// A built-in model is a folder below models: a model.json, which the type personality describes, and one file for each
// document below ISAPI, in the place that its path says. Documents are sent as they stand in the file, line feeds included;
// {{name}}, {{serial}}, {{subserial}}, {{mac}}, {{address}}, {{gateway}}, {{id}}, {{salt}} and {{engine}} stand for what differs
// between devices.
// The file PATH__new.xml holds an item as it looks before a client's values are in it; a model that has one lets clients POST
// items to the list at PATH, and DELETE them. JSON documents are files with the extension .json; a device has them only for
// requests with ?format=json.
//
// Items of lists, and parts of items, have paths of their own: the table views has them all. A part is written with the
// strictness that the whole document has. What is write-only is kept apart: see Device.Secret. What was recorded at several of these
// paths is one document: what a write changes at one, changes at all, and where recordings contradict each other, the item counts.
//
// A document may come back serialised again, with prefixes of name spaces and other white space, but to a device with the quirk
// exactBodies.
//
// A folder of recordings has the same shape without model.json; a file with the extension .status holds the HTTP status
// with which the device refused the path.
//
// # What follows from what
//
// Rights below /ISAPI/Security/UserPermission come, go and change with users and their levels; their limits stand in the
// documents adminCap, operatorCap and viewerCap. Answers to security questions are not kept, only which questions were
// answered. Other documents are kept and do not act.
//
// A recorder uses the cameras of its fleet. It logs in every ten seconds by the clock, and once for each time somebody asks
// for the state of its channels; what a camera has locked stays locked by that. The camera judges a recorder by all that it
// got, and the channel reports the result:
//
//   - netUnreachable: the camera is down or was given another address, its address filter drops the recorder, the port of the channel is closed or another
//     one, ONVIF is off, or the two have no version of TLS in common. A redirect to HTTPS counts as HTTPS.
//   - errorUserNameOrPasswd: the account is gone, disabled or asleep, or has another password; or the camera asks for a digest
//     algorithm that the recorder does not know. That is no failed login, since there is nothing that it could answer.
//   - userLocked: the camera has locked the address of the recorder.
//   - ipcStreamFail: the account has no right to preview; or the channel is one by ONVIF, and RTSP is off.
//   - connect: none of these. The recorder learns model, serial number and firmware, and tells them in its list from then on.
//
// Channels with the protocol HIKVISION come in at the port of DEV_MANAGE, where digest algorithms do not matter, or by HTTP
// and HTTPS, where they do; those with ONVIF by HTTP and HTTPS, as a user of ONVIF. A channel whose camera is not in the fleet
// says what the model has for it: that somebody is there, or nobody.
//
// An address that a device is given is where recorders find it from then on. We reach it as before, as if our way led through
// a router that translates; but for devices with the quirk factoryAddress: see Addresses.
//
// Who logged in at the web page is in the list of users who are online: by Security/sessionLogin, or see Device.OpenSession. Clients
// with digest are not. A session opens all addresses to the rights of its account, and a wrong login counts for the lock as one with
// digest does. Security/token gives what a web page shows the picture with.
//
// Event/notification/alertStream tells listeners every ten seconds that nothing happens, and every 300 milliseconds on old cameras;
// Streaming/channels/ID/picture is a small JPEG with a bar that wanders.
//
// # Discovery
//
// ServeSADP answers inquiries of the vendor's discovery protocol for all devices, as model.json says under sadp: which ways to a new
// password a model has, how it spells what is false, and whether it gives a salt. A device that is away does not answer. Messages
// that name its hardware address make it do something: exchangecode and activate give it a first password, update another address
// at once, getcode voids the code before. A wrong password counts as a failed login. The quirks inactive and factoryAddress make
// a device a new one: without a password, and with the address of the factory.
//
// # Activation
//
// A device with the quirk inactive has nothing but what the factory made. It tells that it has no password at
// /SDK/activateStatus and in an unauthenticated userCheck, refuses all else with notActivated, lets no recorder in, and takes
// its first password in the way that model.json names under activation: classic, v3, or none for firmware from before
// activation, which does not know these paths. A challenge serves one attempt, and none after a start of the device. Faults
// meet these requests with anonymous.
//
// # Addresses
//
// A device with the quirk factoryAddress has 192.168.1.64, or what Options.Factory says, until it is given another address, and
// again after it lost all settings. Everybody reaches it there and only there, and later only where it went. Several devices may
// have an address: the first of them that has power answers a connection, or those that answers in the wiring names, one after the
// other. Over loopback, the address of the factory has to be one of 127.0.0.0/8. A server gives a device that asks for a lease the
// address that it had in the fleet. An impostor tells the serial number or the hardware address of another device as its own.
//
// # Recovery
//
// A device keeps what an owner prepares for the day on which nobody knows the password: POST GUIDFileData exports the file that
// resets it, answers to security questions are kept as digests, and codes go to the reserved e-mail address; getcode gives one
// for the vendor's support. What of that a model has are its abilities under sadp. Reset is somebody at the device:
//
//   - guid, questions, email and support give the administrator another password and change nothing else. The file and all codes are
//     void then. Seven wrong files, answers or codes cost 30 minutes. A code serves 48 hours, until the device starts or gives another.
//   - basic makes it forget all but network, users, security and cameras.
//   - wipe makes it what it was when it left the factory: inactive, with another key for TLS. A recorder keeps the channels at its own
//     ports, without their passwords. Its cameras keep what they have.
//
// System/configurationData delivers a sealed file of the documents, without users, secrets and certificates, and takes it back: on the
// same device with the same firmware and the same secret key, unchanged. Which of these is amiss, the code of a refusal says.
// Security/extern/capabilities tells the ways to be reset without a password, where the model has it.
//
// All are in its log, which ContentMgmt/logSearch finds: localResetLoginPassWord, localParamSimpleDefault, localParamFactoryDefault,
// and remoteSetDeviceActive for an activation. Control lets another process act.
//
// # Wiring
//
// A wiring file is JSON, and says which recorder shows which camera, where it has it, and what else there is:
//
//	{
//	  "accounts": [{"devices": "camera-*", "name": "nvr", "level": "Operator", "passwordEnv": "NVR_PASSWORD"}],
//	  "channels": [
//	    {"recorder": "recorder-v2-0001", "camera": "camera-v57-0002", "username": "nvr", "passwordEnv": "NVR_PASSWORD"},
//	    {"recorder": "recorder-v2-0001", "camera": "camera-v57-0003", "address": "192.168.254.2", "plugged": true},
//	    {"recorder": "recorder-v2-0001", "address": "203.0.113.1", "port": 8001, "mute": true}
//	  ],
//	  "routes": [{"address": "203.0.113.1", "port": 8001, "camera": "camera-v57-0004", "cameraPort": 8000, "source": "10.0.0.1"}],
//	  "hidden": ["camera-v57-0003"],
//	  "unplugged": ["camera-v57-0005"],
//	  "impostors": [{"device": "camera-v57-0006", "serial": "camera-v57-0002", "mac": "camera-v57-0002"}],
//	  "answers": [{"address": "192.168.1.64", "devices": ["camera-v57-0008", "camera-v57-0007"]}],
//	  "sessions": [{"devices": "camera-v57-0002", "user": "admin", "address": "192.0.2.77"}]
//	}
//
// Here the second camera stands at a PoE port, where only its recorder reaches it, and the third behind a router that
// forwards a port and hides the recorder. Sites may have the same addresses: that of a channel leads its own recorder alone.
// The fields of Wiring say the rest. What a recorder cannot do is a quirk of it: md5Only, plainOnly, oldTLS, hidesSerials.
//
// # Assumptions
//
// Requests about certificates are those of the official guide; no device was recorded to take one. Devices here take these:
//
//   - PUT serverCertificate/selfSignCert: a CertificateReq with validity. It makes a new key.
//   - PUT serverCertificate/certSignReq: the same without validity. It makes a new key, which counts once its certificate comes. GET of
//     the path shows the request, GET serverCertificate/downloadCertSignReq delivers it in PEM, DELETE forgets it. POST with
//     ?customID=NAME answers with it.
//   - PUT serverCertificate/certificate: a chain in PEM, leaf first, or one certificate in DER. It must be for the key of the
//     request, or for the one that is there, and is shown from the next handshake on.
//   - POST serverCertificate/certificate?customID=NAME: a CertificateReq with the certificateMode signingRequest, and the chain
//     right behind it, kept under a name next to the one called default. GET serverCertificate/certificates?format=json lists
//     them, PUT certificate/select/HTTPS?format=json with {"CertificateSelect":{"serverCertificate":"NAME"}} makes HTTPS show
//     one, and DELETE serverCertificate/certificates/NAME removes one that is not in use.
//   - PUT deviceCertificate?customID=NAME: the certificate of an authority, which deviceCertificate/certificates lists.
//
// Keys are ECDSA on P-256, since RSA keys cost too much for a fleet; devices are known for RSA only. Also assumed: a write
// without a password keeps the one that was written before; that the
// security questions and the e-mail addresses for recovery are refused without the password of who writes them; that a
// right beyond the limits of a level is refused; that the message update moves a device and leaves its ports; that wrong answers and codes cost as much as wrong files; the names
// localParamSimpleDefault and localParamFactoryDefault, and those of records about other things than resets and logins; and that a changed level brings its own rights. Of recorders
// it is assumed that they say ipcStreamFail where a right is missing and errorUserNameOrPasswd where an algorithm is, that the
// protocol of the vendor knows no digest algorithms, and that they follow a redirect. Of sessions at the web page: that an invitation
// serves one attempt and a minute, that five minutes without a request end one, and that it is good for the address that opened it.
//
// # Faults
//
// A fault file is JSON: an object with a list of rules, and perhaps one of quirks. A device obeys every rule that matches a
// request.
//
//	{"rules": [
//	  {"device": "camera-*", "method": "PUT", "path": "/ISAPI/Security/*", "nth": 2, "action": "drop-reply"},
//	  {"probability": 0.01, "seed": 7, "action": "latency", "delay": "3s"},
//	  {"device": "recorder-v1-0003", "action": "status", "status": 503, "code": "deviceBusy", "times": 4},
//	  {"method": "PUT", "path": "/ISAPI/Security/users/*", "action": "late-password", "delay": "5m"},
//	  {"method": "PUT", "path": "/ISAPI/Security/users/*", "action": "remark", "code": "riskPassword"},
//	  {"method": "PUT", "path": "/ISAPI/System/Network/ipFilter", "action": "cut-list", "entries": 16},
//	  {"path": "/ISAPI/System/Network/UPnP", "action": "ask-again"},
//	  {"path": "/ISAPI/Event/*", "action": "login-page"},
//	  {"method": "PUT", "nth": 1, "action": "restart-web", "delay": "3s"},
//	  {"anonymous": true, "nth": 1, "action": "foreign-login", "failures": 4}
//	],
//	"quirks": [
//	  {"device": "camera-*", "mustChange": true, "keepsFailures": true},
//	  {"device": "recorder-*", "md5Only": true}
//	]}
//
// Rule documents the selectors, Action the actions and Quirks the quirks.
package simulator
