package hikvision

// Known are documents with what no kind of setting manages. Devices were recorded to answer a GET of each with it and nothing else;
// there are paths that a GET makes a device act on, such as InputProxy/channels/ID/reboot, so this list is not to be guessed at.
func (p *Provider) Known() []string {
	return []string{
		"/ISAPI/ContentMgmt/Storage",
		"/ISAPI/Event/capabilities",
		"/ISAPI/Security/capabilities",
		"/ISAPI/Smart/FieldDetection/1",
		"/ISAPI/Smart/LineDetection/1",
		"/ISAPI/Smart/SceneChangeDetection/1",
		"/ISAPI/Smart/regionEntrance/1",
		"/ISAPI/Smart/regionExiting/1",
		"/ISAPI/System/IO/inputs/1",
		"/ISAPI/System/Network/capabilities",
		"/ISAPI/System/Video/inputs/channels",
		"/ISAPI/System/Video/inputs/channels/1/motionDetection",
		"/ISAPI/System/Video/inputs/channels/1/tamperDetection",
		"/ISAPI/System/capabilities",
	}
}
