//! The routes under `/api/notes`.

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_postgres::Row;

use super::Api;
use crate::crypto::sha256;
use crate::error::Explain as _;
use crate::http::{Answer, Problem, empty, json, page};

const LIST_KEY: &str = "notes:list";
const LIST_LENGTH: usize = 500;
const TEXT_LIMIT: usize = 100_000;
/// Release 1.1 brought word counts and tags.
const WORDS_AND_TAGS: u32 = 2;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
}

impl Api {
    pub(super) async fn list(&self) -> Answer {
        let kind = "application/json";
        let key = format!("{LIST_KEY}:{}", self.schema);
        if let Some(cached) = self.cache.get(&key).await {
            return Ok(page(StatusCode::OK, kind, cached));
        }
        let query = format!(
            "SELECT {} FROM notes ORDER BY id DESC LIMIT {LIST_LENGTH}",
            self.columns()
        );
        let client = self.database.client().await?;
        let rows = client.query(&query, &[]).await.explain("cannot read the notes")?;
        let notes: Vec<Value> = rows.iter().map(|row| self.note(row)).collect();
        let body = json!({ "notes": notes }).to_string();
        self.cache.set(&key, body.as_bytes()).await;
        Ok(page(StatusCode::OK, kind, body))
    }

    pub(super) async fn create(&self, body: &[u8]) -> Answer {
        let refuse = |message: String| Problem::new(StatusCode::BAD_REQUEST, message);
        let NewNote { text } = serde_json::from_slice(body)
            .map_err(|error| refuse(format!("the body must be {{\"text\": \"..\"}}: {error}")))?;
        if text.trim().is_empty() || text.len() > TEXT_LIMIT || text.contains('\0') {
            return Err(refuse(format!(
                "a note needs a text of at most {TEXT_LIMIT} bytes, without zero bytes"
            )));
        }
        let client = self.database.client().await?;
        let insert = if self.schema >= WORDS_AND_TAGS {
            // One statement, so that a note never exists without its tags.
            "WITH note AS (INSERT INTO notes (text) VALUES ($1) RETURNING id, text), tagged AS (
                 INSERT INTO tags (note_id, tag)
                 SELECT DISTINCT note.id, lower(found[1])
                 FROM note, regexp_matches(note.text, '#(\\w+)', 'g') AS found
             ) SELECT id FROM note"
        } else {
            "INSERT INTO notes (text) VALUES ($1) RETURNING id"
        };
        let row = client
            .query_one(insert, &[&text])
            .await
            .explain("cannot store the note")?;
        self.forget_list().await;
        let note = self.find(row.get(0)).await?;
        Ok(json(StatusCode::CREATED, &note))
    }

    pub(super) async fn read(&self, id: i64) -> Answer {
        Ok(json(StatusCode::OK, &self.find(id).await?))
    }

    pub(super) async fn delete(&self, id: i64) -> Answer {
        let client = self.database.client().await?;
        let deleted = client.execute("DELETE FROM notes WHERE id = $1", &[&id]).await;
        if deleted.explain("cannot delete the note")? == 0 {
            return Err(Problem::not_found());
        }
        self.forget_list().await;
        self.objects.delete(&attachment_key(id)).await?;
        Ok(empty())
    }

    /// Hashes every note as `<id>:<length in bytes>:<text>` and a line break, ordered by id.
    pub(super) async fn checksum(&self) -> Answer {
        let client = self.database.client().await?;
        let rows = client.query("SELECT id, text FROM notes ORDER BY id", &[]).await;
        let rows = rows.explain("cannot read the notes")?;
        let mut content = String::new();
        for row in &rows {
            let (id, text): (i64, &str) = (row.get(0), row.get(1));
            content.push_str(&format!("{id}:{}:{text}\n", text.len()));
        }
        let body = json!({ "count": rows.len(), "sha256": sha256(content.as_bytes()) });
        Ok(json(StatusCode::OK, &body))
    }

    pub(super) async fn read_attachment(&self, id: i64) -> Answer {
        self.find(id).await?;
        let body = self
            .objects
            .get(&attachment_key(id))
            .await?
            .ok_or_else(Problem::not_found)?;
        Ok(page(StatusCode::OK, "application/octet-stream", body))
    }

    pub(super) async fn write_attachment(&self, id: i64, body: Bytes) -> Answer {
        self.find(id).await?;
        self.objects.put(&attachment_key(id), body).await?;
        Ok(empty())
    }

    async fn find(&self, id: i64) -> Result<Value, Problem> {
        let query = format!("SELECT {} FROM notes WHERE id = $1", self.columns());
        let client = self.database.client().await?;
        let row = client
            .query_opt(&query, &[&id])
            .await
            .explain("cannot read the note")?;
        row.map(|row| self.note(&row)).ok_or_else(Problem::not_found)
    }

    async fn forget_list(&self) {
        // Instances of the next release may already serve beside this one.
        for schema in 1..=self.schema + 1 {
            self.cache.forget(&format!("{LIST_KEY}:{schema}")).await;
        }
    }

    fn columns(&self) -> String {
        let moment = "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'";
        let mut columns = format!("id, text, to_char(created_at AT TIME ZONE 'UTC', {moment})");
        if self.schema >= WORDS_AND_TAGS {
            columns
                .push_str(", word_count, ARRAY(SELECT tag FROM tags WHERE note_id = notes.id ORDER BY tag)");
        } else {
            columns.push_str(", processed_at IS NOT NULL");
        }
        columns
    }

    fn note(&self, row: &Row) -> Value {
        let (id, text, created_at): (i64, &str, &str) = (row.get(0), row.get(1), row.get(2));
        if self.schema >= WORDS_AND_TAGS {
            let (word_count, tags): (Option<i32>, Vec<String>) = (row.get(3), row.get(4));
            return json!({
                "id": id, "text": text, "created_at": created_at, "word_count": word_count, "tags": tags,
            });
        }
        json!({ "id": id, "text": text, "created_at": created_at, "processed": row.get::<_, bool>(3) })
    }
}

fn attachment_key(id: i64) -> String {
    format!("notes/{id}/attachment")
}
