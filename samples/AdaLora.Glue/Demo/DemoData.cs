using AdaLora.Experiments.Programs;
using AdaLora.Glue.Demo.Grammar;

namespace AdaLora.Glue.Demo;

/// <summary>
/// A task in CoLA's format whose sentences come from a grammar: half of them acceptable, half with one violation, all kinds of violation equally often.
/// No sentence occurs twice, so train and dev share none.
/// </summary>
internal sealed record DemoData(IReadOnlyList<DemoSentence> Train, IReadOnlyList<DemoSentence> Dev)
{
    /// <summary>Draws a data set, which is the same for the same numbers.</summary>
    public static DemoData Create(int seed, int trainCount, int devCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trainCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(devCount, 1);
        var random = new Random(seed);
        var sampler = new ClauseSampler(random);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var sentences = new List<DemoSentence>(trainCount + devCount);
        var spoiled = 0;
        while (sentences.Count < trainCount + devCount)
        {
            var sentence = sentences.Count % 2 == 0 ? Acceptable(sampler) : Spoiled(sampler, Violations.All[spoiled % Violations.All.Count], random);
            if (!seen.Add(sentence.Text))
                continue;
            sentences.Add(sentence);
            if (sentence.Violation is not null)
                spoiled++;
        }

        return new DemoData([.. sentences.Take(trainCount)], [.. sentences.Skip(trainCount)]);
    }

    /// <summary>Acceptable sentences without those of <paramref name="without"/>, for pre-training.</summary>
    public static IEnumerable<string> Corpus(int seed, IReadOnlySet<string> without)
    {
        var sampler = new ClauseSampler(new Random(seed));
        while (true)
        {
            var text = Acceptable(sampler).Text;
            if (!without.Contains(text))
                yield return text;
        }
    }

    /// <summary>Writes train.tsv and dev.tsv in CoLA's layout: source, label, mark, sentence; no header.</summary>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var (name, sentences) in (IEnumerable<(string, IReadOnlyList<DemoSentence>)>)[("train.tsv", Train), ("dev.tsv", Dev)])
        {
            OutputFile.WriteText(
                Path.Combine(folder, name),
                string.Concat(sentences.Select(s => $"{s.Violation ?? "demo"}\t{(s.Violation is null ? '1' : '0')}\t{(s.Violation is null ? "" : "*")}\t{s.Text}\n")));
        }
    }

    private static DemoSentence Acceptable(ClauseSampler sampler) => new(Join(sampler.Sample().Words), null);

    private static DemoSentence Spoiled(ClauseSampler sampler, Violation violation, Random random)
    {
        while (true)
        {
            if (violation.Apply(sampler.Sample(), random) is { } words)
                return new DemoSentence(Join(words), violation.Name);
        }
    }

    private static string Join(IEnumerable<string> words) => string.Join(' ', words);
}
