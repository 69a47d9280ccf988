package client

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// MessageBody is what a message says: its elements, in their order.
type MessageBody []Element

// UnmarshalJSON reads a body. The system tips in a history are one object where
// messages have a list; they are read as one element of TypeTip.
func (b *MessageBody) UnmarshalJSON(text []byte) error {
	if jsontext.Value(text).Kind() == jsontext.KindBeginObject {
		*b = MessageBody{{Type: TypeTip, Content: slices.Clone(text)}}
		return nil
	}
	var elements []Element
	err := json.Unmarshal(text, &elements, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	*b = elements
	return err
}

// Text is the text of a body: that of its text elements, one after the other.
func (b MessageBody) Text() string {
	text := ""
	for _, e := range b {
		var content TextContent
		if e.Type == TypeText && e.Decode(&content) == nil {
			text += content.Text
		}
	}
	return text
}

// Types of elements (doc 33527).
const (
	TypeText     = "TIMTextElem"
	TypeLocation = "TIMLocationElem"
	TypeFace     = "TIMFaceElem"
	TypeCustom   = "TIMCustomElem"
	TypeSound    = "TIMSoundElem"
	TypeImage    = "TIMImageElem"
	TypeFile     = "TIMFileElem"
	TypeVideo    = "TIMVideoFileElem"
	TypeRelay    = "TIMRelayElem"    // messages that are passed on together
	TypeTip      = "TIMGroupTipElem" // only in what is read
)

// Element is a part of a message. Make one with Text, Custom and so on, or with Raw
// from any content; read it with Decode.
type Element struct {
	Type    string         `json:"MsgType"`
	Content jsontext.Value `json:"MsgContent"`
}

// Decode reads the content of an element into one of the types of content, such
// as *TextContent, or one of your own.
func (e Element) Decode(into any) error { return decode(e.Content, into) }

// TextContent is the content of TypeText.
type TextContent struct {
	Text string `json:"Text"`
}

// LocationContent is the content of TypeLocation.
type LocationContent struct {
	Desc      string  `json:"Desc"`
	Latitude  float64 `json:"Latitude"`
	Longitude float64 `json:"Longitude"`
}

// FaceContent is the content of TypeFace, an emoticon of the application's own.
type FaceContent struct {
	Index int64  `json:"Index"`
	Data  string `json:"Data,omitzero"`
}

// CustomContent is the content of TypeCustom, of which a message has one at most.
type CustomContent struct {
	Data  string `json:"Data"`
	Desc  string `json:"Desc,omitzero"`  // text of the offline push
	Ext   string `json:"Ext,omitzero"`   // passed on to the push service
	Sound string `json:"Sound,omitzero"` // of the offline push
}

// downloadByURL is the only Download_Flag: the file is at its Url.
const downloadByURL = 2

// SoundContent is the content of TypeSound.
type SoundContent struct {
	URL          string `json:"Url"`
	UUID         string `json:"UUID"`            // unique, usually the file's MD5
	Size         uint32 `json:"Size,omitzero"`   // bytes
	Second       uint32 `json:"Second,omitzero"` // length
	DownloadFlag int    `json:"Download_Flag"`   // Sound sets it
}

// ImageContent is the content of TypeImage.
type ImageContent struct {
	UUID      string      `json:"UUID"`                 // unique, usually the file's MD5
	Format    int         `json:"ImageFormat,omitzero"` // 1 JPG, 2 GIF, 3 PNG, 4 BMP, 255 other
	InfoArray []ImageInfo `json:"ImageInfoArray"`
}

// ImageInfo is one size of an image.
type ImageInfo struct {
	Type   int    `json:"Type"`          // 1 original, 2 large, 3 thumbnail
	Size   uint32 `json:"Size,omitzero"` // bytes
	Width  uint32 `json:"Width"`         // pixels
	Height uint32 `json:"Height"`
	URL    string `json:"URL"`
}

// FileContent is the content of TypeFile.
type FileContent struct {
	URL          string `json:"Url"`
	UUID         string `json:"UUID"`              // unique, usually the file's MD5
	FileSize     uint32 `json:"FileSize,omitzero"` // bytes
	FileName     string `json:"FileName,omitzero"`
	DownloadFlag int    `json:"Download_Flag"` // File sets it
}

// VideoContent is the content of TypeVideo.
type VideoContent struct {
	VideoURL          string `json:"VideoUrl"`
	VideoUUID         string `json:"VideoUUID"`
	VideoSize         uint32 `json:"VideoSize,omitzero"`   // bytes
	VideoSecond       uint32 `json:"VideoSecond,omitzero"` // length
	VideoFormat       string `json:"VideoFormat,omitzero"` // such as mp4
	VideoDownloadFlag int    `json:"VideoDownloadFlag"`    // Video sets it
	ThumbURL          string `json:"ThumbUrl"`
	ThumbUUID         string `json:"ThumbUUID"`
	ThumbSize         uint32 `json:"ThumbSize,omitzero"` // bytes
	ThumbWidth        uint32 `json:"ThumbWidth"`         // pixels
	ThumbHeight       uint32 `json:"ThumbHeight"`
	ThumbFormat       string `json:"ThumbFormat,omitzero"` // such as JPG
	ThumbDownloadFlag int    `json:"ThumbDownloadFlag"`    // Video sets it
}

// Text is a text.
func Text(text string) Element { return element(TypeText, TextContent{text}) }

// Location is a place, in degrees.
func Location(desc string, latitude, longitude float64) Element {
	return element(TypeLocation, LocationContent{desc, latitude, longitude})
}

// Face is an emoticon of the application's own; data may be "".
func Face(index int64, data string) Element { return element(TypeFace, FaceContent{index, data}) }

// Custom is what only the application understands.
func Custom(c CustomContent) Element { return element(TypeCustom, c) }

// Sound is a voice message.
func Sound(c SoundContent) Element {
	c.DownloadFlag = downloadByURL
	return element(TypeSound, c)
}

// Image is a picture.
func Image(c ImageContent) Element { return element(TypeImage, c) }

// File is a file.
func File(c FileContent) Element {
	c.DownloadFlag = downloadByURL
	return element(TypeFile, c)
}

// Video is a short video with its picture.
func Video(c VideoContent) Element {
	c.VideoDownloadFlag, c.ThumbDownloadFlag = downloadByURL, downloadByURL
	return element(TypeVideo, c)
}

// Raw is an element of any type. Its content is a JSON object.
func Raw(kind string, content jsontext.Value) Element { return Element{kind, content} }

// element encodes a content of this file, all of which can be, but for text that
// is not UTF-8, which becomes what is.
func element(kind string, content any) Element {
	text, err := json.Marshal(content, jsontext.AllowInvalidUTF8(true))
	if err != nil { // NaN of a place
		text = nil
	}
	return Element{kind, text}
}
