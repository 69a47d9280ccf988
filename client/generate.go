package client

//go:generate go run ../internal/genclient -out .
