using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// Unicode's normal forms. The runtime decomposes single characters and composes pairs of them; the steps between are done here, because the runtime doesn't say which characters of the result
/// come from where.
/// </summary>
internal sealed class UnicodeNormalizer(NormalizationForm form) : TextNormalizer
{
    private readonly NormalizationForm _decomposition = form is NormalizationForm.FormC or NormalizationForm.FormD ? NormalizationForm.FormD : NormalizationForm.FormKD;

    // Decomposed forms of characters, instead of a call of the runtime for each.
    private readonly string?[] _forms = UnicodeData.Require(new string?[char.MaxValue + 1]);

    private bool Composes => form is NormalizationForm.FormC or NormalizationForm.FormKC;

    public override bool Apply(AlignedText text, AlignedText result)
    {
        if (System.Text.Ascii.IsValid(text.Span) || text.Span.ToString().IsNormalized(form))
            return false;
        var characters = Decompose(text.Span);
        Order(characters);
        var edits = new TextEdits();
        if (Composes)
            Compose(characters, edits);
        else
            characters.ForEach(character => edits.Add(character.Rune, character.Change));
        edits.Apply(text, result);
        return true;
    }

    private List<Character> Decompose(ReadOnlySpan<char> text)
    {
        var characters = new List<Character>(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.IsAscii)
            {
                characters.Add(new Character(rune, 0, 0));
                continue;
            }

            var change = 0;
            foreach (var part in FormOf(rune).EnumerateRunes())
            {
                characters.Add(new Character(part, CombiningClass.Of(part), change));
                change = 1;
            }
        }

        return characters;
    }

    private string FormOf(Rune rune) => rune.IsBmp ? _forms[rune.Value] ??= rune.ToString().Normalize(_decomposition) : rune.ToString().Normalize(_decomposition);

    // Marks in the order of their classes, those of one class as they are.
    private static void Order(List<Character> characters)
    {
        for (var i = 1; i < characters.Count; i++)
        {
            var moved = characters[i];
            var place = i;
            for (; moved.Class != 0 && place > 0 && characters[place - 1].Class > moved.Class; place--)
                characters[place] = characters[place - 1];
            characters[place] = moved;
        }
    }

    private static void Compose(List<Character> characters, TextEdits edits)
    {
        Character? starter = null;
        var marks = new List<Character>();
        foreach (var character in characters)
        {
            if (starter is { } first && (marks.Count == 0 || marks[^1].Class < character.Class) && CharacterPairs.Compose(first.Rune, character.Rune) is { } composed)
            {
                starter = new Character(composed, 0, first.Change + character.Change - 1);
            }
            else if (character.Class != 0 && starter is not null)
            {
                marks.Add(character);
            }
            else
            {
                Flush();
                if (character.Class == 0)
                    starter = character;
                else
                    edits.Add(character.Rune, character.Change);
            }
        }

        Flush();

        void Flush()
        {
            if (starter is { } first)
                edits.Add(first.Rune, first.Change);
            marks.ForEach(mark => edits.Add(mark.Rune, mark.Change));
            marks.Clear();
            starter = null;
        }
    }

    private readonly record struct Character(Rune Rune, int Class, int Change);
}
