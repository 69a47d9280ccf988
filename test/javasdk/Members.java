import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Who is in a group, with which role, muted or banned. */
final class Members {
    private Members() {
    }

    static void addsAndRemoves() throws Exception {
        String group = Sdk.ok(App.sdk.group::createGroup, CreateGroupRequest.builder().type(GroupType.PUBLIC).name("Small")
                .groupId("coming-and-going")
                .ownerAccount(App.OWNER).build()).getGroupId();
        List<MemberResultItem> added = Sdk.ok(App.sdk.group::addGroupMember, new AddGroupMemberRequest(group, 1,
                List.of(new MemberRequestItem(App.MEMBER), new MemberRequestItem(App.OWNER)))).getMemberList();
        Sdk.equal(List.of("cleo 1", "ada 2"), added.stream().map(one -> one.getMemberAccount() + " " + one.getResult()).toList(),
                "who was added");
        Sdk.refused(10019, App.sdk.group::addGroupMember, new AddGroupMemberRequest(group, List.of(new MemberRequestItem(App.STRANGER))));

        Sdk.ok(App.sdk.group::deleteGroupMember, new DeleteGroupMemberRequest(group, 1, "moved on", List.of(App.MEMBER)));
        Sdk.equal(List.of("ada Owner", "cleo NotMember"), roles(group, App.OWNER, App.MEMBER), "who is left");
        Sdk.refused(10010, App.sdk.group::deleteGroupMember, new DeleteGroupMemberRequest(App.NOWHERE, List.of(App.MEMBER)));
        Sdk.refused(10010, App.sdk.group::getRoleInGroup, new GetRoleInGroupRequest(App.NOWHERE, List.of(App.MEMBER)));
    }

    static List<String> roles(String group, String... accounts) throws Exception {
        return Sdk.ok(App.sdk.group::getRoleInGroup, new GetRoleInGroupRequest(group, List.of(accounts))).getUserIdList().stream()
                .map(one -> one.getMemberAccount() + " " + one.getRole()).toList();
    }

    static MemberProfile member(String group, String account) throws Exception {
        return Sdk.ok(App.sdk.group::getGroupMemberInfo, new GetGroupMemberInfoRequest(group)).getMemberList().stream()
                .filter(one -> one.getMemberAccount().equals(account)).findFirst().orElseThrow();
    }

    static void lists() throws Exception {
        String group = App.group(GroupType.PUBLIC, "listed");
        GetGroupMemberInfoResult page = Sdk.ok(App.sdk.group::getGroupMemberInfo, GetGroupMemberInfoRequest.builder().groupId(group)
                .memberRoleFilter(List.of(MemberRole.MEMBER)).memberInfoFilter(List.of("Role")).limit(1).offset(1).build());
        Sdk.equal(4, page.getMemberNum(), "members in all");
        Sdk.equal(List.of("dan Member"), page.getMemberList().stream().map(one -> one.getMemberAccount() + " " + one.getRole()).toList(),
                "the second plain member");
        Sdk.equal(null, page.getMemberList().get(0).getJoinTime(), "a field that was not asked for");

        String community = App.group(GroupType.COMMUNITY, "@TGS#_listed");
        List<String> all = new ArrayList<>();
        String next = "";
        do {
            page = Sdk.ok(App.sdk.group::getGroupMemberInfo, GetGroupMemberInfoRequest.builder().groupId(community).limit(1).next(next)
                    .build());
            page.getMemberList().forEach(one -> all.add(one.getMemberAccount()));
            next = page.getNext();
        } while (!next.isEmpty());
        Sdk.equal(App.PEOPLE, all, "the members of a community, page by page");
        Sdk.refused(10010, App.sdk.group::getGroupMemberInfo, new GetGroupMemberInfoRequest(App.NOWHERE));
    }

    static void changes() throws Exception {
        String group = App.group(GroupType.PUBLIC, "changed-members");
        Sdk.ok(App.sdk.group::modifyGroupMemberInfo, ModifyGroupMemberInfoRequest.builder().groupId(group).memberAccount(App.MEMBER)
                .role(MemberRole.ADMIN)
                .msgFlag(MsgFlag.DISCARD).nameCard("Cleo (deck 2)").muteTime(App.FOR_EVER)
                        .appMemberDefinedData(List.of(Map.of("Key", "Deck", "Value", "2"))).build());
        MemberProfile cleo = member(group, App.MEMBER);
        Sdk.equal(List.of(MemberRole.ADMIN, MsgFlag.DISCARD, "Cleo (deck 2)", App.FOR_EVER, 0),
                List.of(cleo.getRole(), cleo.getMsgFlag(), cleo.getNameCard(), cleo.getMuteUntil(), cleo.getLastSendMsgTime()),
                        "the changed member");
        Sdk.equal(List.of("Deck 2"), cleo.getAppMemberDefinedData().stream().map(one -> one.getKey() + " " + one.getValue()).toList(),
                "her own fields");
        Sdk.refused(10007, App.sdk.group::modifyGroupMemberInfo, ModifyGroupMemberInfoRequest.builder().groupId(group)
                .memberAccount(App.STRANGER).nameCard("x").build());
    }

    static void mutes() throws Exception {
        String group = App.group(GroupType.PUBLIC, "muted");
        Sdk.ok(App.sdk.group::forbidSendMsg, new ForbidSendMsgRequest(group, List.of(App.MEMBER, App.OTHER), App.FOR_EVER));
        Sdk.refused(10017, App.sdk.group::sendGroupMsg, App.message(group, App.MEMBER, "muted"));
        Sdk.equal(List.of("cleo " + App.FOR_EVER, "dan " + App.FOR_EVER), muted(group), "who is muted");
        Sdk.ok(App.sdk.group::forbidSendMsg, new ForbidSendMsgRequest(group, List.of(App.MEMBER), 0L));
        Sdk.equal(List.of("dan " + App.FOR_EVER), muted(group), "who is still muted");
        Sdk.refused(10004, App.sdk.group::forbidSendMsg, new ForbidSendMsgRequest(group, List.of(App.MEMBER), App.FOR_EVER + 1));
        Sdk.refused(10010, App.sdk.group::getGroupMutedAccount, new GetGroupMutedAccountRequest(App.NOWHERE));
    }

    private static List<String> muted(String group) throws Exception {
        return Sdk.ok(App.sdk.group::getGroupMutedAccount, new GetGroupMutedAccountRequest(group)).getMutedAccountList().stream()
                .map(one -> one.getMemberAccount() + " " + one.getMutedUntil()).toList();
    }

    static void bans() throws Exception {
        String group = App.group(GroupType.PUBLIC, "banned");
        Sdk.ok(App.sdk.group::banGroupMember, new BanGroupMemberRequest(group, List.of(App.MEMBER, App.OTHER), App.FOR_EVER, "flooding"));
        Sdk.equal(List.of("cleo NotMember", "dan NotMember"), roles(group, App.MEMBER, App.OTHER), "who was put out");
        MemberResultItem refused = Sdk.ok(App.sdk.group::addGroupMember,
                new AddGroupMemberRequest(group, List.of(new MemberRequestItem(App.MEMBER)))).getMemberList().get(0);
        Sdk.equal(List.of(App.MEMBER, 0), List.of(refused.getMemberAccount(), refused.getResult()), "who may not come back");

        GetGroupBanMemberResult first = Sdk.ok(App.sdk.group::getGroupBanMember, new GetGroupBanMemberRequest(group, 1, 0));
        GetGroupBanMemberResult second = Sdk.ok(App.sdk.group::getGroupBanMember,
                new GetGroupBanMemberRequest(group, 1, first.getNextOffset()));
        Sdk.equal(List.of("cleo " + App.FOR_EVER, "dan " + App.FOR_EVER), List.of(banned(first), banned(second)), "who is banned");
        Sdk.equal(List.of(1, 0), List.of(first.getNextOffset(), second.getNextOffset()), "where the pages end");

        Sdk.ok(App.sdk.group::unbanGroupMember, new UnbanGroupMemberRequest(group, List.of(App.MEMBER)));
        Sdk.equal(List.of("dan " + App.FOR_EVER), List.of(banned(Sdk.ok(App.sdk.group::getGroupBanMember,
                new GetGroupBanMemberRequest(group, 100, 0)))), "who is still banned");
        Sdk.refused(10007, App.sdk.group::banGroupMember, new BanGroupMemberRequest(group, List.of(App.OWNER), 60L));
        Sdk.refused(10010, App.sdk.group::unbanGroupMember, new UnbanGroupMemberRequest(App.NOWHERE, List.of(App.MEMBER)));
        Sdk.refused(10004, App.sdk.group::getGroupBanMember, new GetGroupBanMemberRequest(group, 101, 0));
    }

    private static String banned(GetGroupBanMemberResult page) {
        Sdk.equal(1, page.getBannedAccountList().size(), "bans on a page");
        BannedAccountItem one = page.getBannedAccountList().get(0);
        return one.getMemberAccount() + " " + one.getBannedUntil();
    }
}
