import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Values that an application keeps with a group: attributes and counters. */
final class Values {
    private Values() {
    }

    static void attributes() throws Exception {
        String group = App.group(GroupType.AV_CHAT_ROOM, "seated");
        Sdk.ok(App.sdk.group::setGroupAttr, new SetGroupAttrRequest(group,
                List.of(new GroupAttr("seat1", "ada"), new GroupAttr("seat2", "ben"))));
        Sdk.equal(List.of("seat1=ada", "seat2=ben"), attributes(group), "after setting");
        Sdk.ok(App.sdk.group::modifyGroupAttr, new ModifyGroupAttrRequest(group,
                List.of(new GroupAttr("seat2", ""), new GroupAttr("seat3", "cleo"))));
        Sdk.equal(List.of("seat1=ada", "seat2=", "seat3=cleo"), attributes(group), "after modifying");
        Sdk.ok(App.sdk.group::setGroupAttr, new SetGroupAttrRequest(group, List.of(new GroupAttr("seat9", "dan"))));
        Sdk.equal(List.of("seat9=dan"), attributes(group), "after setting again");
        Sdk.ok(App.sdk.group::clearGroupAttr, new ClearGroupAttrRequest(group));
        Sdk.equal(List.of(), attributes(group), "after clearing");
        Sdk.refused(10045, App.sdk.group::setGroupAttr, new SetGroupAttrRequest(group, List.of(new GroupAttr("k".repeat(33), "v"))));
        Sdk.refused(10046, App.sdk.group::modifyGroupAttr, new ModifyGroupAttrRequest(group,
                List.of(new GroupAttr("k", "v".repeat(4001)))));
        Sdk.refused(10010, App.sdk.group::clearGroupAttr, new ClearGroupAttrRequest(App.NOWHERE));
        Sdk.refused(10010, App.sdk.group::getGroupAttr, new GetGroupAttrRequest(App.NOWHERE));
    }

    private static List<String> attributes(String group) throws Exception {
        return Sdk.ok(App.sdk.group::getGroupAttr, new GetGroupAttrRequest(group)).getGroupAttrs().stream()
                .map(one -> one.getKey() + "=" + one.getValue()).toList();
    }

    static void counters() throws Exception {
        String group = App.group(GroupType.PUBLIC, "liked");
        Sdk.equal(List.of("likes=41", "views=" + Long.MIN_VALUE), update(group, GroupCounterMode.SET, new GroupCounterItem("likes", 41L),
                new GroupCounterItem("views", Long.MIN_VALUE)), "after setting");
        Sdk.equal(List.of("likes=46"), update(group, GroupCounterMode.INCREASE, new GroupCounterItem("likes", 5L)), "after increasing");
        Sdk.equal(List.of("shares=-2"), update(group, GroupCounterMode.DECREASE, new GroupCounterItem("shares", 2L)),
                "after decreasing what was not there");
        Sdk.equal(List.of("likes=46", "shares=-2", "views=" + Long.MIN_VALUE), counters(new GetGroupCounterRequest(group)), "all of them");
        Sdk.equal(List.of("likes=46"), counters(new GetGroupCounterRequest(group, List.of("likes", "none"))), "one of them");
        Sdk.ok(App.sdk.group::deleteGroupCounter, new DeleteGroupCounterRequest(group, List.of("likes", "none")));
        Sdk.equal(List.of("shares=-2", "views=" + Long.MIN_VALUE), counters(new GetGroupCounterRequest(group)), "after deleting one");
        Sdk.ok(App.sdk.group::deleteGroupCounter, new DeleteGroupCounterRequest(group));
        Sdk.equal(List.of(), counters(new GetGroupCounterRequest(group)), "after deleting all");
        Sdk.refused(10004, App.sdk.group::updateGroupCounter, new UpdateGroupCounterRequest(group,
                List.of(new GroupCounterItem("likes", 1L)), "Multiply"));
        Sdk.refused(10010, App.sdk.group::getGroupCounter, new GetGroupCounterRequest(App.NOWHERE));
        Sdk.refused(10010, App.sdk.group::deleteGroupCounter, new DeleteGroupCounterRequest(App.NOWHERE));
    }

    private static List<String> update(String group, String mode, GroupCounterItem... counters) throws Exception {
        return show(Sdk.ok(App.sdk.group::updateGroupCounter, new UpdateGroupCounterRequest(group, List.of(counters), mode))
                .getGroupCounter());
    }

    private static List<String> counters(GetGroupCounterRequest request) throws Exception {
        return show(Sdk.ok(App.sdk.group::getGroupCounter, request).getGroupCounter());
    }

    private static List<String> show(List<GroupCounterItem> counters) {
        return counters.stream().map(one -> one.getKey() + "=" + one.getValue()).sorted().toList();
    }
}
