// The texts of the page, in each of its languages.
import { addTexts } from "/shared/i18n.js";
import { en } from "./texts.en.js";
import { zh } from "./texts.zh.js";

addTexts({ en, zh });
