import java.util.Set;

/** Methods whose commands the server does not have yet. Their steps are demanded as soon as it has them. */
final class Pending {
    static final Set<String> METHODS = Set.of(
            );

    private Pending() {
    }
}
