import { h, replace } from "/shared/dom.js";
import { signInForm } from "/shared/signin.js";

replace(document.body, h("main", {}, signInForm((session) => {
  replace(document.body, h("main", {}, h("h1", {}, session.identifier)));
})));
