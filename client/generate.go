package client

//go:generate go run ../internal/genclient -out . -names ../console/assets/debug/names.json
