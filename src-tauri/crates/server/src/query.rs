//! The parameters of an address: one that isn't known is refused, as a filter that does nothing
//! would give a wrong answer.

use crate::error::ApiError;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request through whose parameters are all among `known`.
pub(crate) async fn refuse_unknown(known: &[String], request: Request, next: Next) -> Response {
    if !has_unknown(request.uri().query().unwrap_or_default(), known) {
        return next.run(request).await;
    }
    let next = match known {
        [] => "This path takes no parameters.".to_owned(),
        known => format!("This path takes {}.", known.join(" and ")),
    };
    ApiError::bad_request("The address has a parameter that isn't known.", &next).into_response()
}

/// Whether a parameter isn't among `known`. Names are compared as they are written: those that are
/// known need no escapes.
fn has_unknown(query: &str, known: &[String]) -> bool {
    let names = query.split('&').filter(|part| !part.is_empty());
    let mut names = names.map(|part| part.split('=').next().unwrap_or_default());
    names.any(|name| !known.iter().any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_pass() {
        let known = ["before".to_owned(), "limit".to_owned()];
        for query in ["", "limit=3", "before=x&limit=3", "limit", "limit=&", "&&"] {
            assert!(!has_unknown(query, &known), "{query}");
        }
        for query in ["status=done", "limit=3&status=x", "Limit=3", "limi%74=3", "=3", "limit3"] {
            assert!(has_unknown(query, &known), "{query}");
        }
        assert!(has_unknown("a=b", &[]));
    }
}
