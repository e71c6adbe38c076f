package simulator

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strconv"
	"strings"

	"camform/providers/device"
)

// Pictures are small unless a client asks for a size.
const (
	pictureWidth  = 160
	pictureHeight = 90
	maxPicture    = 1920
)

// picture answers a GET of what the camera of a stream sees.
func (x *exchange) picture(u *device.Account) (reply, bool) {
	stream, asks := strings.CutSuffix(x.q.path, "/picture")
	id, below := strings.CutPrefix(stream, streamsPath+"/")
	if !asks || !below || x.unit.model.recorded || x.q.method != http.MethodGet {
		return reply{}, false
	}
	at := camera{x.unit}
	switch {
	case !at.hasStream(id):
		return x.unit.model.respond(x.q, *x.unit.model.absent(x.q.path)), true
	case !at.showsPicture(u):
		return x.unit.model.respond(x.q, *x.unit.model.refuse(lowPrivilege)), true
	}
	return x.unit.model.send(http.StatusOK, "image/jpeg", at.sees(x.side("videoResolutionWidth", pictureWidth), x.side("videoResolutionHeight", pictureHeight))), true
}

// side is the length that a client asks for, or the usual one.
func (x *exchange) side(name string, usual int) int {
	n, err := strconv.Atoi(x.q.query.Get(name))
	if err != nil || n <= 0 || n > maxPicture {
		return usual
	}
	return n
}

// hasStream reports whether the device has a stream of that id. A recorder has two for each of its channels: their number with 01
// and 02 behind.
func (d camera) hasStream(id string) bool {
	if list := d.scanned(streamsPath); list != nil {
		return itemWithID(list, id) != nil
	}
	channel, main := strings.CutSuffix(id, "01")
	if !main {
		channel, _ = strings.CutSuffix(id, "02")
	}
	list := d.scanned(channelsPath)
	return list != nil && channel != id && itemWithID(list, channel) != nil
}

// sees is a picture with a bar that wanders once a minute: grey levels in a tint that is the device's own.
func (d camera) sees(width, height int) []byte {
	tint := d.identity.key
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	bar := d.now().Second() * width / 60
	for y := range height {
		for x := range width {
			light := uint8(64 + 128*x/width)
			if x >= bar && x < bar+width/20 {
				light = 255
			}
			canvas.SetRGBA(x, y, color.RGBA{light, light - light/4*(tint[0]%4)/4, light - light/4*(tint[1]%4)/4, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, canvas, nil); err != nil {
		panic("this is a bug: " + err.Error())
	}
	return b.Bytes()
}
