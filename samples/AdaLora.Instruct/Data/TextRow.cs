using System.Text.Json.Nodes;

namespace AdaLora.Instruct.Data;

/// <summary>One row of a file: a conversation, a prompt with its completion, or a text.</summary>
internal abstract record TextRow;

/// <summary>Messages with roles.</summary>
internal sealed record ConversationRow(JsonArray Messages) : TextRow;

/// <summary>What is asked, and what is to be answered.</summary>
internal sealed record PromptRow(string Prompt, string Completion) : TextRow;

/// <summary>A text by itself.</summary>
internal sealed record PlainRow(string Text) : TextRow;
