package simulator_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"camform/providers/hikvision/simulator"
)

// rights is the entry of a user in the list of rights, "" if there is none.
func rights(c *client, user string) string {
	for _, entry := range regexp.MustCompile(`(?s)<UserPermission[ >].*?</UserPermission>`).FindAllString(c.get(permissions), -1) {
		if strings.Contains(entry, "<userID>"+user+"</userID>") {
			return entry
		}
	}
	return ""
}

func TestRightsComeAndGoWithUsers(t *testing.T) {
	everyModel(t, func(t *testing.T, f *simulator.Fleet, d *simulator.Device, _ *made) {
		c := connect(t, f, d, "admin", password)
		factory := c.get(permissions)
		c.send(http.MethodPost, users, userXML("monitor", "Viewer", "First-Pass-1", password), "ok")
		entry := rights(c, "2")
		if !strings.Contains(entry, "<userType>viewer<") || !strings.Contains(entry, "<preview>true<") || !strings.Contains(entry, "<upgrade>false<") || strings.Contains(entry, "opt=") {
			t.Errorf("a viewer has\n%s", entry)
		}
		id := "2"
		if d.Model() == "recorder-v2" {
			id = "102"
		}
		at := permissions + "/" + id
		if got := c.get(at); !strings.Contains(got, "<userID>2<") {
			t.Errorf("%s:\n%s", at, got)
		}
		c.put(at, edit(t, c.get(at), "<playBack>true", "<playBack>false"), "ok")
		if !strings.Contains(rights(c, "2"), "<playBack>false<") {
			t.Error("the right is still there")
		}
		c.put(at, edit(t, c.get(at), "<upgrade>false", "<upgrade>true"), "badParameters")
		c.put(users+"/2", userXML("monitor", "Operator", "", password), "ok")
		if entry := rights(c, "2"); !strings.Contains(entry, "<userType>operator<") || !strings.Contains(entry, "<ptzControl>true<") {
			t.Errorf("an operator has\n%s", entry)
		}
		c.send(http.MethodDelete, users+"/2?loginPassword="+password, "", "ok")
		if got := c.get(permissions); got != factory {
			t.Errorf("have\n%s\nwant\n%s", got, factory)
		}
	})
}

func TestRightsOfTheAdministratorStay(t *testing.T) {
	f, d := one(t, "camera-v56", time.Now)
	c := connect(t, f, d, "admin", password)
	c.put(permissions+"/1", edit(t, c.get(permissions+"/1"), "<upgrade>true", "<upgrade>false"), "badParameters")
	d.SetUser("guest", "Viewer", "Some-Pass-1")
	sent := edit(t, edit(t, c.get(permissions+"/2"), "<userType>viewer", "<userType>admin"), "<userID>2", "<userID>1")
	c.put(permissions+"/2", sent, "ok")
	if entry := rights(c, "2"); !strings.Contains(entry, "<userType>viewer<") {
		t.Errorf("a viewer made himself something else:\n%s", entry)
	}
	if err := d.RemoveUser("guest"); err != nil || rights(c, "2") != "" {
		t.Errorf("the rights of a user that is gone are there: %v", err)
	}
}

func TestADeleteWithoutAnIDRemovesAllUsers(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	d.SetUser("one", "Viewer", "Some-Pass-1")
	d.SetUser("two", "Viewer", "Some-Pass-2")
	c := connect(t, f, d, "admin", password)
	c.send(http.MethodDelete, users, "", "ok")
	if d.Accepts("one", "Some-Pass-1") || rights(c, "2")+rights(c, "3") != "" || !d.Accepts("admin", password) {
		t.Errorf("%s\n%s", c.get(users), c.get(permissions))
	}
}

const onvifUser = "<User><userName>vms</userName><password>First-Pass-1</password><userType>operator</userType></User>"

func TestUsersOfONVIF(t *testing.T) {
	for _, model := range []string{"camera-v56", "camera-v57", "camera-v58", "thermal-v55", "recorder-v1", "recorder-v2", "dvr-v47"} {
		t.Run(model, func(t *testing.T) {
			f, d := one(t, model, time.Now)
			c := connect(t, f, d, "admin", password)
			factory := c.get(onvifUsers)
			a := c.send(http.MethodPost, onvifUsers, "<UserList>"+onvifUser+"</UserList>", "ok")
			id := regexp.MustCompile(`<id>(\d+)</id>`).FindStringSubmatch(a.body)[1]
			if got := c.get(onvifUsers); strings.Contains(got, "assword") || !strings.Contains(got, "<userName>vms<") {
				t.Errorf("%s", got)
			}
			secret := func() string { return d.Secret(onvifUsers, "User["+id+"]/password") }
			if secret() != "First-Pass-1" {
				t.Errorf("the device got %q", secret())
			}
			at := onvifUsers + "/" + id
			c.put(at, edit(t, c.get(at), "<userType>operator", "<userType>mediaUser"), "ok")
			if secret() != "First-Pass-1" {
				t.Error("a write without a password changed it")
			}
			c.put(at, edit(t, c.get(at), "</userName>", "</userName><password>Second-Pass-2</password>"), "ok")
			if secret() != "Second-Pass-2" {
				t.Errorf("the device got %q", secret())
			}
			c.send(http.MethodPost, onvifUsers, onvifUser, "userExist")
			c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "<password>First-Pass-1</password>", "", 1), "MessageParametersLack")
			c.send(http.MethodDelete, at, "", "ok")
			if got := c.get(onvifUsers); strings.Contains(got, "vms") || secret() != "" {
				t.Errorf("%q is left of\n%s", secret(), got)
			}
			if strings.Contains(factory, "<id>") && c.get(onvifUsers) != factory {
				t.Errorf("have\n%s\nwant\n%s", c.get(onvifUsers), factory)
			}
			if d.Accepts("vms", "First-Pass-1") {
				t.Error("a user of ONVIF can log in")
			}
		})
	}
}

func TestUsersOfONVIFAreChecked(t *testing.T) {
	f, d := one(t, "camera-v57", time.Now)
	c := connect(t, f, d, "admin", password)
	c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "operator", "emperor", 1), "badParameters")
	c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "<User>", "<User><colour>red</colour>", 1), "badXmlContent")
	c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "<User>", "<User><loginPassword>Wrong-One-1</loginPassword>", 1), "loginPasswordError")
	if d.Refusals() != 1 {
		t.Errorf("%d refusals", d.Refusals())
	}
	c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "<User>", "<User><loginPassword>"+password+"</loginPassword>", 1), "ok")
	if d.Secret(onvifUsers, "User[1]/loginPassword") != "" || d.Secret(onvifUsers, "User[1]/password") == "" {
		t.Error("the device keeps the wrong password")
	}
	c.send(http.MethodPost, onvifUsers, strings.Replace(onvifUser, "vms", "two", 1), "ok")
	c.send(http.MethodDelete, onvifUsers, "", "ok")
	if got := c.get(onvifUsers); strings.Contains(got, "<User>") || strings.Contains(got, "<User ") {
		t.Errorf("%s", got)
	}
	f, d = one(t, "camera-v52", time.Now)
	connect(t, f, d, "admin", password).send(http.MethodPost, onvifUsers, onvifUser, "notSupport")
}

func channelXML(address, user, secret string) string {
	return "<InputProxyChannel><name>new</name><sourceInputPortDescriptor><proxyProtocol>HIKVISION</proxyProtocol><addressingFormatType>ipaddress</addressingFormatType>" +
		"<ipAddress>" + address + "</ipAddress><managePortNo>8000</managePortNo><userName>" + user + "</userName><password>" + secret + "</password></sourceInputPortDescriptor></InputProxyChannel>"
}

func TestARecorderSeesTheCamerasOfItsFleet(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"recorder-v2", "camera-v57"}})
	recorder, camera := f.Devices()[0], f.Devices()[1]
	c := connect(t, f, recorder, "admin", password)
	camera.SetUser("nvr", "Operator", "Right-One-1")
	a := c.send(http.MethodPost, channels, channelXML(camera.Address().String(), "nvr", "Right-One-1"), "ok")
	if !strings.Contains(a.body, "<id>5</id>") || strings.Contains(c.get(channels), "Right-One") {
		t.Errorf("%s\n%s", a.body, c.get(channels))
	}
	at := channels + "/5"
	seen := func(want string) {
		t.Helper()
		if got := c.get(at + "/status"); !strings.Contains(got, "<chanDetectResult>"+want+"<") || strings.Contains(got, "<online>true<") != (want == "connect") {
			t.Errorf("want %s, have\n%s", want, got)
		}
	}
	seen("connect")
	camera.SetUser("nvr", "Operator", "Another-One-2")
	seen("errorUserNameOrPasswd")
	c.put(at, edit(t, c.get(at), "<userName>nvr</userName>", "<userName>nvr</userName><password>Another-One-2</password>"), "ok")
	seen("connect")
	c.put(at, edit(t, c.get(at), "<name>new<", "<name>gate<"), "ok") // without the password, which stays
	seen("connect")
	if err := camera.RemoveUser("nvr"); err != nil {
		t.Fatal(err)
	}
	seen("errorUserNameOrPasswd")
	if camera.RefusalsOf(recorder.Address()) != 2 || camera.Refusals() != 2 {
		t.Errorf("the camera refused %d logins of the recorder, and %d in all", camera.RefusalsOf(recorder.Address()), camera.Refusals())
	}
	if list := c.get(channels + "/status"); strings.Count(list, "<InputProxyChannelStatus>") != 5 || strings.Count(list, ">connect<") != 4 {
		t.Errorf("%s", list)
	}
	c.send(http.MethodDelete, at, "", "ok")
	c.send(http.MethodPost, channels, channelXML(camera.Address().String(), "admin", "Not-This-One-1"), "ok")
	seen("errorUserNameOrPasswd")
	c.put(channels+"/status", c.get(channels+"/status"), "methodNotAllowed")
}

func TestRecordersMayLookAtEachOther(t *testing.T) {
	f := newFleet(t, simulator.Options{Models: []string{"recorder-v2"}, Count: 2})
	for i, d := range f.Devices() {
		c := connect(t, f, d, "admin", password)
		c.send(http.MethodPost, channels, channelXML(f.Devices()[1-i].Address().String(), "admin", password), "ok")
		c.send(http.MethodPost, channels, channelXML(d.Address().String(), "admin", password), "ok")
		for _, id := range []string{"5", "6"} {
			if got := c.get(channels + "/" + id + "/status"); !strings.Contains(got, ">connect<") {
				t.Errorf("%s", got)
			}
		}
	}
}

func TestCamerasOutsideOfTheFleet(t *testing.T) {
	f, d := one(t, "recorder-v1", time.Now)
	c := connect(t, f, d, "admin", password)
	if got := c.get(channels + "/1/status"); !strings.Contains(got, "<chanDetectResult>notExist<") {
		t.Errorf("%s", got)
	}
	if a := c.do(http.MethodGet, channels+"/status", ""); a.status != 403 {
		t.Errorf("the list: %d", a.status)
	}
	f, d = one(t, "dvr-v47", time.Now)
	c = connect(t, f, d, "admin", password)
	for _, id := range []string{"1", "2"} {
		if a := c.send(http.MethodPost, channels, channelXML("192.0.2.9", "admin", "Some-Pass-1"), "ok"); !strings.Contains(a.body, "<id>"+id+"</id>") {
			t.Errorf("%s", a.body)
		}
	}
	c.send(http.MethodPost, channels, channelXML("192.0.2.9", "admin", "Some-Pass-1"), "beyondARGSRangeLimit")
	c.send(http.MethodPost, channels, "<InputProxyChannel><name>x</name></InputProxyChannel>", "MessageParametersLack")
	if got := c.get(channels + "/2/status"); !strings.Contains(got, ">connect<") {
		t.Errorf("%s", got)
	}
	c.send(http.MethodDelete, channels+"/1", "", "ok")
	c.send(http.MethodDelete, channels, "", "methodNotAllowed")
	if got := c.get(channels); strings.Contains(got, "<id>1<") || !strings.Contains(got, "<id>2<") {
		t.Errorf("%s", got)
	}
}
