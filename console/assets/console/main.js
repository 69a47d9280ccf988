import { h, replace } from "/shared/dom.js";
import { check, fromFragment, signInForm } from "/shared/signin.js";

function show(session) {
  replace(document.body, h("main", {}, h("h1", {}, session.identifier)));
}

function form(options) {
  replace(document.body, h("main", {}, signInForm(show, options)));
}

const session = fromFragment();
if (session) check(session).then(() => show(session), (failure) => form({ failure }));
else form();
