import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** A canonical record of the feedback stream. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Event(String county, String time, String source, String id, String digest, Data data) {
    private static final ZoneId HELSINKI = ZoneId.of("Europe/Helsinki");
    private static final DateTimeFormatter MONTH = DateTimeFormatter.ofPattern("yyyy-MM").withZone(HELSINKI);

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Data(
        int revision,
        String unit,
        String channel,
        String respondent,
        boolean delivered,
        List<Answer> answers,
        @JsonProperty("response_id") String response,
        @JsonProperty("feedback_id") String feedback,
        @JsonProperty("invitation_id") String invitation,
        @JsonProperty("answered_at") String answeredAt,
        @JsonProperty("given_at") String givenAt,
        @JsonProperty("invited_at") String invitedAt) {}

    record Answer(String question, JsonNode value) {}

    /** The key of the fact. A response names its invitation, too. */
    String fact() {
        String kind = data.response != null ? "response|" + data.response
            : data.feedback != null ? "feedback|" + data.feedback : "invitation|" + data.invitation;
        return county + "|" + kind;
    }

    Version version() {
        String rank = String.format("%06d|%s|%s|%s|%s", data.revision, time, source, id, digest);
        Counts counts = data.unit == null ? Counts.none() : counts();
        return new Version(rank, counts.isNone() ? null : cell(), counts);
    }

    private String cell() {
        String at = data.answeredAt != null ? data.answeredAt : data.givenAt != null ? data.givenAt : data.invitedAt;
        return String.join("|", county, MONTH.format(Instant.parse(at)), data.unit, data.channel);
    }

    private Counts counts() {
        if (data.feedback != null) {
            return new Counts(0, 0, 0, 0, 0, 1);
        }
        if (data.response == null) {
            return new Counts(0, 0, 0, 0, data.delivered && !data.channel.equals("device") ? 1 : 0, 0);
        }
        if (!data.respondent.equals("client")) {
            return Counts.none();
        }
        for (Answer answer : data.answers) {
            if (answer.question.equals("recommend")) {
                int score = answer.value.asInt();
                return new Counts(1, score <= 6 ? 1 : 0, score == 7 || score == 8 ? 1 : 0, score >= 9 ? 1 : 0, 0, 0);
            }
        }
        return new Counts(1, 0, 0, 0, 0, 0);
    }
}
