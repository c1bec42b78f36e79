/* The built-in rules, in order; the first that matches decides, and the last denies. */
#include "policy/policy.h"

static gboolean is_victim_alert(const struct policy_request *request) {
    return request->recipient == RECIPIENT_REGISTRANT && request->purpose == PURPOSE_VICTIM_NOTICE &&
           request->mode == MODE_ALERT;
}

void policy_decide(const struct policy_request *request, struct policy_decision *decision) {
    *decision = (struct policy_decision){
        .rule = "default-deny", .citation = "no rule permits it, and what no rule permits is denied"};
    if (request->subject_flags & (SUBJECT_SEALED | SUBJECT_JUVENILE)) {
        decision->rule = "sealed-or-juvenile";
        decision->citation = "a sealed record or a juvenile's yields no permit";
        return;
    }
    if (!is_victim_alert(request))
        return;
    decision->is_permitted = TRUE;
    decision->rule = "registrant-alert";
    decision->citation = "a confirmed registrant's notice about one person";
    decision->fields = POLICY_FIELD_FACILITY | POLICY_FIELD_TIMES | POLICY_FIELD_DETAIL;
    if (!(request->subject_flags & SUBJECT_PROTECTED))
        decision->fields |= POLICY_FIELD_NAME;
}
