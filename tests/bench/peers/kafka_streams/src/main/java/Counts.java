import com.fasterxml.jackson.annotation.JsonIgnore;

/** What a fact or a cell counts. */
record Counts(long responses, long detractors, long passives, long promoters, long invitations, long feedback) {
    static Counts none() {
        return new Counts(0, 0, 0, 0, 0, 0);
    }

    @JsonIgnore
    boolean isNone() {
        return equals(none());
    }

    Counts plus(Counts other, int sign) {
        return new Counts(
            responses + sign * other.responses,
            detractors + sign * other.detractors,
            passives + sign * other.passives,
            promoters + sign * other.promoters,
            invitations + sign * other.invitations,
            feedback + sign * other.feedback);
    }
}
