package chat

// ContentKind is the kind of JSON value that a field of an element has.
type ContentKind byte

// Kinds of content fields.
const (
	ContentString ContentKind = iota
	ContentNumber
	ContentInteger
	ContentElements // an array of message elements; only that it is an array is checked
	ContentStrings  // an array of strings
	ContentObjects  // an array of objects
)

// ContentField is a known field of MsgContent, or of an object in it. A field
// of another kind is refused, an unknown one is kept.
type ContentField struct {
	Name     string
	Kind     ContentKind
	Desc     string
	Required bool
	Items    []ContentField // of ContentObjects
}

// Element is a kind of message element.
type Element struct {
	Type   string // MsgType
	Desc   string
	Fields []ContentField
}

// Elements are the kinds of message elements that are accepted (doc 33527).
func Elements() []Element {
	download := func(name string) ContentField {
		return ContentField{Name: name, Kind: ContentInteger, Desc: "how it is downloaded; 2: from its URL"}
	}
	return []Element{
		{"TIMTextElem", "Text.", []ContentField{
			{Name: "Text", Kind: ContentString, Desc: "the text", Required: true},
		}},
		{"TIMFaceElem", "An emoji.", []ContentField{
			{Name: "Index", Kind: ContentInteger, Desc: "number of the emoji, as the application counts them"},
			{Name: "Data", Kind: ContentString, Desc: "the application's own"},
		}},
		{"TIMLocationElem", "A place.", []ContentField{
			{Name: "Desc", Kind: ContentString, Desc: "name of the place"},
			{Name: "Latitude", Kind: ContentNumber, Desc: "degrees north"},
			{Name: "Longitude", Kind: ContentNumber, Desc: "degrees east"},
		}},
		{"TIMCustomElem", "What the application alone understands.", []ContentField{
			{Name: "Data", Kind: ContentString, Desc: "the application's own"},
			{Name: "Desc", Kind: ContentString, Desc: "text of the notification of a device"},
			{Name: "Ext", Kind: ContentString, Desc: "the application's own"},
			{Name: "Sound", Kind: ContentString, Desc: "sound of the notification of a device"},
		}},
		{"TIMSoundElem", "A voice message.", []ContentField{
			{Name: "Url", Kind: ContentString, Desc: "where the recording is"},
			{Name: "UUID", Kind: ContentString, Desc: "id of the recording"},
			{Name: "Size", Kind: ContentInteger, Desc: "bytes"},
			{Name: "Second", Kind: ContentInteger, Desc: "length in seconds"},
			download("Download_Flag"),
		}},
		{"TIMImageElem", "A picture in several sizes.", []ContentField{
			{Name: "UUID", Kind: ContentString, Desc: "id of the picture"},
			{Name: "ImageFormat", Kind: ContentInteger, Desc: "1: JPG, 2: GIF, 3: PNG, 4: BMP, 255: other"},
			{Name: "ImageInfoArray", Kind: ContentObjects, Desc: "the sizes", Items: []ContentField{
				{Name: "Type", Kind: ContentInteger, Desc: "1: original, 2: large, 3: thumbnail"},
				{Name: "Size", Kind: ContentInteger, Desc: "bytes"},
				{Name: "Width", Kind: ContentInteger, Desc: "pixels"},
				{Name: "Height", Kind: ContentInteger, Desc: "pixels"},
				{Name: "URL", Kind: ContentString, Desc: "where it is"},
			}},
		}},
		{"TIMFileElem", "A file.", []ContentField{
			{Name: "Url", Kind: ContentString, Desc: "where the file is"},
			{Name: "UUID", Kind: ContentString, Desc: "id of the file"},
			{Name: "FileSize", Kind: ContentInteger, Desc: "bytes"},
			{Name: "FileName", Kind: ContentString, Desc: "its name"},
			download("Download_Flag"),
		}},
		{"TIMVideoFileElem", "A video with a picture of it.", []ContentField{
			{Name: "VideoUrl", Kind: ContentString, Desc: "where the video is"},
			{Name: "VideoUUID", Kind: ContentString, Desc: "id of the video"},
			{Name: "VideoSize", Kind: ContentInteger, Desc: "bytes"},
			{Name: "VideoSecond", Kind: ContentInteger, Desc: "length in seconds"},
			{Name: "VideoFormat", Kind: ContentString, Desc: "such as mp4"},
			download("VideoDownloadFlag"),
			{Name: "ThumbUrl", Kind: ContentString, Desc: "where the picture is"},
			{Name: "ThumbUUID", Kind: ContentString, Desc: "id of the picture"},
			{Name: "ThumbSize", Kind: ContentInteger, Desc: "bytes"},
			{Name: "ThumbWidth", Kind: ContentInteger, Desc: "pixels"},
			{Name: "ThumbHeight", Kind: ContentInteger, Desc: "pixels"},
			{Name: "ThumbFormat", Kind: ContentString, Desc: "such as JPG"},
			download("ThumbDownloadFlag"),
		}},
		{"TIMRelayElem", "Messages that are passed on together.", []ContentField{
			{Name: "Title", Kind: ContentString, Desc: "headline"},
			{Name: "MsgNum", Kind: ContentInteger, Desc: "how many messages there are"},
			{Name: "CompatibleText", Kind: ContentString, Desc: "shown by clients that do not know the element"},
			{Name: "AbstractList", Kind: ContentStrings, Desc: "lines that sum them up"},
			{Name: "MsgList", Kind: ContentObjects, Desc: "the messages", Items: []ContentField{
				{Name: "From_Account", Kind: ContentString, Desc: "sender"},
				{Name: "To_Account", Kind: ContentString, Desc: "receiver, of a message to one account"},
				{Name: "GroupId", Kind: ContentString, Desc: "id of the group, of a message in one"},
				{Name: "MsgSeq", Kind: ContentInteger, Desc: "its number"},
				{Name: "MsgRandom", Kind: ContentInteger, Desc: "its random number"},
				{Name: "MsgTimeStamp", Kind: ContentInteger, Desc: "when it was sent, Unix seconds"},
				{Name: "MsgBody", Kind: ContentElements, Desc: "its elements"},
				{Name: "CloudCustomData", Kind: ContentString, Desc: "custom data"},
			}},
			{Name: "JsonMsgKey", Kind: ContentString, Desc: "where the messages are, when they are too long to be here"},
		}},
	}
}

// contentFields are the known fields of MsgContent by MsgType.
var contentFields = func() map[string][]ContentField {
	byType := map[string][]ContentField{}
	for _, e := range Elements() {
		byType[e.Type] = e.Fields
	}
	return byType
}()
