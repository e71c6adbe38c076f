package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"camform/providers/hikvision/simulator"
)

// lockouts are configurations that would shut somebody out of a camera, each with a harmless twin.
var lockouts = []struct {
	name  string
	fleet simulator.Options
	shut  string
	says  string // a part of the reason
	open  string
}{
	{
		"allow list without us",
		simulator.Options{TLS: true},
		`ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["192.0.2.1"]
		}`,
		"The allow list does not contain 127.0.0.1",
		`ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["192.0.2.1", "127.0.0.0/30"]
		}`,
	},
	{
		"deny list with us",
		simulator.Options{TLS: true},
		`ip_filter {
			enabled   = true
			mode      = "deny"
			addresses = ["127.0.0.1"]
		}`,
		"The deny list contains 127.0.0.1",
		`ip_filter {
			enabled   = true
			mode      = "deny"
			addresses = ["192.0.2.1"]
		}`,
	},
	{
		"allow list without a consumer",
		simulator.Options{TLS: true},
		`consumer "vms" {
			scheme  = "https"
			address = "192.0.2.8/30"
		}
		ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["127.0.0.1", "192.0.2.8"]
		}`,
		"192.0.2.8/30, the address from which vms reaches this device",
		`consumer "vms" {
			scheme  = "https"
			address = "192.0.2.8/30"
		}
		ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["127.0.0.1", "192.0.2.8/30"]
		}`,
	},
	{
		"allow list with a consumer from anywhere",
		simulator.Options{TLS: true},
		`consumer "vms" {
			scheme = "https"
		}
		ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["127.0.0.1"]
		}`,
		"does not know from which address vms reaches this device",
		`consumer "vms" {
			scheme  = "https"
			address = "127.0.0.1"
		}
		ip_filter {
			enabled   = true
			mode      = "allow"
			addresses = ["127.0.0.1"]
		}`,
	},
	{
		"HTTPS off, over HTTPS",
		simulator.Options{TLS: true},
		`https {
			enabled = false
		}`,
		"camform reaches this device over HTTPS, and this change would switch it off",
		`service "HTTP" {
			enabled = false
		}`,
	},
	{
		"HTTPS moved, over HTTPS",
		simulator.Options{TLS: true},
		`https {
			port = 8443
		}`,
		"camform reaches this device on port 443",
		`service "HTTP" {
			port = 8080
		}`,
	},
	{
		"HTTP moved, over HTTP",
		simulator.Options{},
		`service "HTTP" {
			port = 8080
		}`,
		"camform reaches this device on port 80",
		`https {
			port = 9443
		}`,
	},
	{
		"redirect, over HTTP",
		simulator.Options{},
		`https {
			enabled  = true
			redirect = true
		}`,
		"camform reaches this device over HTTP, and redirect = true would turn it away",
		`https {
			enabled = true
			port    = 9443
		}`,
	},
	{
		"redirect, with a consumer over HTTP",
		simulator.Options{TLS: true},
		`consumer "probe" {
			scheme = "http"
		}
		https {
			redirect = true
		}`,
		"probe reaches this device over HTTP",
		`consumer "probe" {
			scheme = "https"
		}
		https {
			redirect = true
		}`,
	},
	{
		"video moved, with a viewer",
		simulator.Options{TLS: true},
		`consumer "viewer" {
			scheme = "rtsp"
			port   = 554
		}
		service "RTSP" {
			port = 8554
		}`,
		"viewer reaches this device on port 554",
		`consumer "viewer" {
			scheme = "rtsp"
			port   = 8554
		}
		service "RTSP" {
			port = 8554
		}`,
	},
	{
		"video off, with a viewer",
		simulator.Options{TLS: true},
		`consumer "viewer" {
			scheme = "rtsp"
		}
		service "RTSP" {
			enabled = false
		}`,
		"viewer reaches this device over RTSP",
		`consumer "viewer" {
			scheme = "https"
		}
		service "RTSP" {
			enabled = false
		}`,
	},
	{
		"the vendor's protocol off, with a client of it",
		simulator.Options{TLS: true},
		`consumer "vendor" {
			scheme = "sdk"
		}
		service "DEV_MANAGE" {
			enabled = false
		}`,
		"vendor reaches this device over the protocol of the vendor",
		`consumer "vendor" {
			scheme = "rtsp"
		}
		service "DEV_MANAGE" {
			enabled = false
		}`,
	},
	{
		"SHA-256 alone, with a consumer that knows MD5",
		simulator.Options{TLS: true, Algorithm: "MD5"},
		`consumer "vms" {
			scheme    = "https"
			algorithm = "MD5"
		}
		web_auth {
			algorithm = "SHA256"
		}`,
		"vms supports digest authentication with MD5 only",
		`consumer "vms" {
			scheme    = "https"
			algorithm = "MD5"
		}
		web_auth {
			algorithm = "MD5/SHA256"
		}`,
	},
	{
		"MD5 alone, where SHA-256 is offered",
		simulator.Options{TLS: true, Algorithm: "MD5/SHA256"},
		`web_auth {
			algorithm = "MD5"
		}`,
		"camform would never again log in with MD5",
		`web_auth {
			algorithm = "SHA256"
		}`,
	},
	{
		"a lock after three failed logins",
		simulator.Options{TLS: true},
		`login_lock {
			enabled  = true
			attempts = 3
		}`,
		"Allow at least 4 attempts",
		`login_lock {
			enabled  = true
			attempts = 4
		}`,
	},
	{
		"an account below the level of a consumer",
		simulator.Options{TLS: true},
		`consumer "vms" {
			username = "vms"
			level    = "Operator"
		}
		user "vms" {
			level    = "Viewer"
			password = secret("env:FLEET_ACCOUNT")
		}`,
		"needs the level Operator, but the account would be Viewer",
		`consumer "vms" {
			username = "vms"
			level    = "Operator"
		}
		user "vms" {
			level    = "Operator"
			password = secret("env:FLEET_ACCOUNT")
		}`,
	},
}

func TestI9WhatWouldLockOutIsRefusedAndItsTwinIsApplied(t *testing.T) {
	for _, c := range lockouts {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.fleet.Models = []string{"camera-v58"}
				fleet := newFleet(t, c.fleet)
				camera := fleet.Devices()[0]
				s := newSite(t, fleet, fleet.DialContext)
				s.configure(s.deviceBlock("gate", camera, c.shut+"\n"))
				if _, problems := s.plan(); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.says) }) {
					t.Errorf("no problem says %q: %q", c.says, problems)
				}
				s.configure(s.deviceBlock("gate", camera, c.open+"\n"))
				p, problems := s.plan()
				if len(problems) > 0 || p.Empty() {
					t.Fatalf("the twin has %d devices to change, problems %q", p.Counts().Update, problems)
				}
				if bad := s.apply(p).Bad(); len(bad) > 0 {
					t.Fatalf("the twin was not applied: %+v", bad)
				}
				s.finishes()
			})
		})
	}
}
