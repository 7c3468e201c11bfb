namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>A token found literally in a text, before anything else is done to it, or in the normalised text.</summary>
/// <param name="Content">The token's text; matching is case-sensitive.</param>
/// <param name="Id">Its id.</param>
/// <param name="TakesSpaceBefore">Whether white space to its left disappears into it.</param>
/// <param name="TakesSpaceAfter">Whether white space to its right disappears into it.</param>
/// <param name="WholeWord">Whether it only counts with no letter, digit or underscore beside it.</param>
/// <param name="IsNormalized">Whether it is looked for, normalised itself, in the normalised text.</param>
/// <param name="IsSpecial">Whether it belongs to the model, not to the language.</param>
internal sealed record AddedToken(
    string Content, int Id, bool TakesSpaceBefore = false, bool TakesSpaceAfter = false, bool WholeWord = false, bool IsNormalized = false, bool IsSpecial = true);
