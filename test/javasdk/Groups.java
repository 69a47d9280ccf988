import io.github.doocs.im.ImClient;
import io.github.doocs.im.constant.*;
import io.github.doocs.im.model.group.*;
import io.github.doocs.im.model.message.*;
import io.github.doocs.im.model.request.*;
import io.github.doocs.im.model.response.*;
import java.util.*;

/** Groups of every type: made, read, changed, imported and ended. */
final class Groups {
    private Groups() {
    }

    static void createsEveryType() throws Exception {
        for (String type : List.of(GroupType.PUBLIC, GroupType.PRIVATE, GroupType.CHAT_ROOM, GroupType.AV_CHAT_ROOM)) {
            App.group(type, "every-" + type);
        }
        App.group(GroupType.COMMUNITY, "@TGS#_every-community");
        String given = Sdk.ok(App.sdk.group::createGroup, new CreateGroupRequest(GroupType.PUBLIC, "Nobody's")).getGroupId();
        Sdk.check(given.startsWith("@TGS#2"), "an id that the server makes up: " + given);
        Sdk.refused(10021, App.sdk.group::createGroup, CreateGroupRequest.builder().type(GroupType.PUBLIC).name("Again")
                .groupId("every-Public").build());
    }

    /** Every page of the list, of all types and of one. */
    static void listsAllGroups() throws Exception {
        for (String type : Arrays.asList(null, GroupType.PRIVATE)) {
            Set<String> seen = new TreeSet<>();
            GetAppIdGroupListResult page;
            long next = 0;
            do {
                page = Sdk.ok(App.sdk.group::getAppIdGroupList, new GetAppIdGroupListRequest(2, next, type));
                for (GroupIdItem group : page.getGroupIdList()) {
                    Sdk.check(seen.add(group.getGroupId()), group.getGroupId() + " is listed once");
                }
                next = page.getNext();
            } while (next != 0);
            Sdk.equal(page.getTotalCount(), seen.size(), "how many groups there are");
            Sdk.check(seen.contains("every-Private") && seen.contains("every-Public") == (type == null),
                    "groups of type " + type + ": " + seen);
        }
        Sdk.refused(10004, App.sdk.group::getAppIdGroupList, new GetAppIdGroupListRequest(10, 0L, "NoSuchType"));
    }

    static void readsAndChanges() throws Exception {
        String group = App.group(GroupType.PUBLIC, "harbour-crew");
        GroupInfo before = info(group);
        Sdk.equal(List.of(group, GroupType.PUBLIC, "The Public", App.OWNER, 4, 1, 0, MuteAllMember.OFF),
                List.of(before.getGroupId(), before.getType(), before.getName(), before.getOwnerAccount(), before.getMemberNum(),
                        before.getNextMsgSeq(), before.getLastMsgTime(), before.getMuteAllMember()), "a new group");
        Sdk.equal(List.of("ada Owner", "ben Admin", "cleo Member", "dan Member"),
                before.getMemberList().stream().map(member -> member.getMemberAccount() + " " + member.getRole()).toList(), "its members");

        Sdk.ok(App.sdk.group::modifyGroupBaseInfo, ModifyGroupBaseInfoRequest.builder().groupId(group).name("Harbour crew")
                .introduction("Shift planning").notification("Gate B from Monday").faceUrl("https://img.example.net/h.png")
                        .maxMemberNum(300)
                .applyJoinOption(ApplyJoinOption.FREE_ACCESS).muteAllMember(MuteAllMember.ON)
                .appDefinedData(List.of(new AppDefinedDataItem("Port", "RTM"))).build());
        GroupInfo after = info(group);
        Sdk.equal(List.of("Harbour crew", "Shift planning", "Gate B from Monday", "https://img.example.net/h.png", 300,
                ApplyJoinOption.FREE_ACCESS,
                        MuteAllMember.ON, before.getInfoSeq() + 1, before.getCreateTime()),
                List.of(after.getName(), after.getIntroduction(), after.getNotification(), after.getFaceUrl(), after.getMaxMemberNum(),
                        after.getApplyJoinOption(), after.getMuteAllMember(), after.getInfoSeq(), after.getCreateTime()),
                                "the changed group");
        Sdk.equal(List.of("Port RTM"), after.getAppDefinedData().stream().map(one -> one.getKey() + " " + one.getValue()).toList(),
                "its own fields");
        Sdk.refused(10010, App.sdk.group::modifyGroupBaseInfo, ModifyGroupBaseInfoRequest.builder().groupId(App.NOWHERE).name("x").build());
        Sdk.refused(10015, App.sdk.group::modifyGroupBaseInfo, ModifyGroupBaseInfoRequest.builder().groupId("").name("x").build());
    }

    /** Only what the filter names comes back; a group that is not there has nothing but its id. */
    static void filters() throws Exception {
        String group = App.group(GroupType.PUBLIC, "filtered");
        List<GroupInfo> read = Sdk.ok(App.sdk.group::getGroupInfo, new GetGroupInfoRequest(List.of(group, App.NOWHERE),
                ResponseFilter.builder()
                .groupBaseInfoFilter(List.of("Name", "MemberNum")).memberInfoFilter(List.of("Role")).build())).getGroupInfo();
        GroupInfo known = read.get(0);
        Sdk.equal(Arrays.asList(group, "The Public", 4, null, null, 4),
                Arrays.asList(known.getGroupId(), known.getName(), known.getMemberNum(), known.getType(), known.getAppDefinedData(),
                        known.getMemberList().size()), "filtered");
        Sdk.equal(Arrays.asList(App.OWNER, MemberRole.OWNER, null), Arrays.asList(known.getMemberList().get(0).getMemberAccount(),
                known.getMemberList().get(0).getRole(), known.getMemberList().get(0).getJoinTime()), "a filtered member");
        GroupInfo unknown = read.get(1);
        Sdk.equal(Arrays.asList(App.NOWHERE, null, null), Arrays.asList(unknown.getGroupId(), unknown.getName(), unknown.getMemberList()),
                "an unknown group");
        Sdk.refused(10004, App.sdk.group::getGroupInfo, new GetGroupInfoRequest(List.of()));
    }

    static GroupInfo info(String group) throws Exception {
        return Sdk.ok(App.sdk.group::getGroupInfo, new GetGroupInfoRequest(List.of(group))).getGroupInfo().get(0);
    }

    static void listsJoinedGroups() throws Exception {
        Sdk.ok(App.sdk.account::accountImport, new AccountImportRequest("joiner"));
        for (String type : List.of(GroupType.PUBLIC, GroupType.PRIVATE, GroupType.CHAT_ROOM)) {
            Sdk.ok(App.sdk.group::createGroup, CreateGroupRequest.builder().type(type).name(type).groupId("joined-" + type)
                    .ownerAccount("joiner").build());
        }
        GetJoinGroupListResult all = Sdk.ok(App.sdk.group::getJoinGroupList,
                GetJoinedGroupListRequest.builder().memberAccount("joiner").withNoActiveGroups(WithNoActiveGroups.YES)
                .responseFilter(ResponseFilter.builder().groupBaseInfoFilter(List.of("Type", "Owner_Account", "NextMsgSeq")).build())
                        .build());
        Sdk.equal(3, all.getTotalCount(), "how many groups");
        for (GroupIdListResultItem group : all.getGroupIdList()) {
            Sdk.equal(List.of("joined-" + group.getType(), "joiner", 1),
                    List.of(group.getGroupId(), group.getOwnerAccount(), group.getNextMsgSeq()), "a joined group");
        }
        GetJoinGroupListResult active = Sdk.ok(App.sdk.group::getJoinGroupList,
                GetJoinedGroupListRequest.builder().memberAccount("joiner").limit(1).offset(1).build());
        Sdk.equal(List.of(2, 1), List.of(active.getTotalCount(), active.getGroupIdList().size()),
                "a page without the group that nobody has spoken in");
        Sdk.refused(10019, App.sdk.group::getJoinGroupList, new GetJoinedGroupListRequest(App.STRANGER));
    }

    static void changesTheOwner() throws Exception {
        String group = App.group(GroupType.PUBLIC, "handed-over");
        Sdk.ok(App.sdk.group::changeGroupOwner, new ChangeGroupOwnerRequest(group, App.MEMBER));
        Sdk.equal(App.MEMBER, info(group).getOwnerAccount(), "the new owner");
        Sdk.equal(List.of("ada Member", "cleo Owner"), Members.roles(group, App.OWNER, App.MEMBER), "the roles");
        Sdk.refused(10007, App.sdk.group::changeGroupOwner, new ChangeGroupOwnerRequest("every-AVChatRoom", App.MEMBER));
    }

    static void destroys() throws Exception {
        String group = App.group(GroupType.PUBLIC, "ended");
        Sdk.ok(App.sdk.group::destroyGroup, new DestroyGroupRequest(group));
        Sdk.refused(10010, App.sdk.group::destroyGroup, new DestroyGroupRequest(group));
        Sdk.equal(null, info(group).getType(), "the type of a group that is gone");
        App.group(GroupType.CHAT_ROOM, group);
    }

    /** A group that had a life elsewhere: its messages, then its members, then what they have not read. */
    static void imports() throws Exception {
        int since = 1577836800;
        String group = Sdk.ok(App.sdk.group::importGroup, ImportGroupRequest.builder().type(GroupType.PUBLIC).name("Old crew")
                .groupId("old-crew")
                .ownerAccount(App.OWNER).createTime(since).maxMemberCount(200).build()).getGroupId();
        Sdk.equal(List.of("old-crew", since, 200), List.of(group, info(group).getCreateTime(), info(group).getMaxMemberNum()),
                "the imported group");
        Sdk.refused(10021, App.sdk.group::importGroup, ImportGroupRequest.builder().type(GroupType.PUBLIC).name("Again").groupId(group)
                .build());

        List<ImportMsgResultItem> imported = Sdk.ok(App.sdk.group::importGroupMsg, new ImportGroupMsgRequest(group, List.of(
                new GroupMsgItem(App.OWNER, since + 1, 11L, App.text("ahoy")),
                        new GroupMsgItem(App.MEMBER, since + 2, 12L, App.text("aye")),
                new GroupMsgItem(App.OTHER, since - 1, 13L, App.text("too early"))))).getImportMsgResult();
        Sdk.equal(List.of(List.of(1, since + 1, 0), List.of(2, since + 2, 0), List.of(0, since - 1, 10004)),
                imported.stream().map(one -> List.of(one.getMsgSeq(), one.getMsgTime(), one.getResult())).toList(), "what is imported");
        Sdk.equal(List.of("aye", "ahoy"), App.texts(group), "the imported history");
        Sdk.refused(10019, App.sdk.group::importGroupMsg, new ImportGroupMsgRequest(group,
                List.of(new GroupMsgItem(App.STRANGER, since + 3, App.text("who?")))));

        List<MemberListResultItem> members = Sdk.ok(App.sdk.group::importGroupMember, new ImportGroupMemberRequest(group, List.of(
                new MemberItem(App.ADMIN, MemberRole.ADMIN, since + 1, 1), new MemberItem(App.OWNER)))).getMemberList();
        Sdk.equal(List.of("ben 1", "ada 2"), members.stream().map(one -> one.getMemberAccount() + " " + one.getResult()).toList(),
                "imported members");
        Sdk.refused(10019, App.sdk.group::importGroupMember, new ImportGroupMemberRequest(group, List.of(new MemberItem(App.STRANGER))));
        MemberProfile ben = Members.member(group, App.ADMIN);
        Sdk.equal(List.of(MemberRole.ADMIN, since + 1, 1), List.of(ben.getRole(), ben.getJoinTime(), ben.getMsgSeq()),
                "an imported member");

        Sdk.ok(App.sdk.group::setUnreadMsgNum, new SetUnreadMsgNumRequest(group, App.ADMIN, 2));
        Sdk.equal(0, Members.member(group, App.ADMIN).getMsgSeq(), "the newest number that he has read");
        Sdk.refused(10010, App.sdk.group::setUnreadMsgNum, new SetUnreadMsgNumRequest(App.NOWHERE, App.ADMIN, 2));
    }
}
