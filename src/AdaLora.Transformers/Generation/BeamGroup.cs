using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Generation;

/// <summary>The beams of one prompt, and its finished texts.</summary>
internal sealed class BeamGroup
{
    private readonly GenerationRun _run;
    private readonly int _prompt;
    private readonly int _promptLength;
    private readonly List<GeneratedText> _finished = [];
    private List<Beam> _running;
    private int _count;

    public BeamGroup(GenerationRun run, int prompt, IReadOnlyList<int> ids)
    {
        (_run, _prompt, _promptLength) = (run, prompt, ids.Count);
        _running = [new Beam([.. ids], 0)];
    }

    /// <summary>The number of rows that the beams have in the batch.</summary>
    public int Count => _running.Count;

    public bool IsDone { get; private set; }

    /// <summary>The last token of every beam.</summary>
    public IEnumerable<int> LastIds => _running.Select(beam => beam.Ids[^1]);

    private GenerationOptions Options => _run.Options;

    private bool IsFull => _finished.Count == Options.Beams;

    /// <summary>The finished texts that are returned, the best first.</summary>
    public IEnumerable<GeneratedText> Best() => _finished.Take(Options.Returned);

    /// <summary>Adds a token to the beams.</summary>
    /// <param name="logits">Beams x vocabulary size.</param>
    /// <param name="words">The size of the vocabulary.</param>
    /// <returns>The beam that each of the new ones continues.</returns>
    public IReadOnlyList<int> Advance(ReadOnlySpan<float> logits, int words)
    {
        // At least as many as beams go on, even if every end token is among the likeliest words of each.
        var candidates = Likeliest(logits, words, Math.Max(2, 1 + Options.EndIds.Count) * Options.Beams);
        _count++;
        var (next, sources) = (new List<Beam>(), new List<int>());
        for (var place = 0; place < candidates.Count; place++)
        {
            var (source, id, score) = candidates[place];
            List<int> ids = [.. _running[source].Ids, id];
            var ending = _run.EndingOf(ids, _count);
            if (ending is { } reason)
            {
                // A text that ends counts only if it is among the best; those behind it would not have been kept as beams.
                if (place < Options.Beams)
                    _finished.Add(new GeneratedText(_prompt, ids[_promptLength..], reason, score / Math.Pow(_count, Options.LengthPenalty)));
            }
            else if (next.Count < Options.Beams)
            {
                next.Add(new Beam(ids, score));
                sources.Add(source);
            }
        }

        var best = _finished.OrderByDescending(text => text.Score).Take(Options.Beams).ToList();
        _finished.Clear();
        _finished.AddRange(best);
        _running = next;
        IsDone = next.Count == 0 || (IsFull && (Options.EarlyStopping == EarlyStopping.WhenEnough || !CanImprove()));
        return sources;
    }

    private bool CanImprove()
    {
        var length = Options is { EarlyStopping: EarlyStopping.WhenNoneCanWin, LengthPenalty: > 0 } ? _run.MaxNew : _count;
        return _running[0].Score / Math.Pow(length, Options.LengthPenalty) > _finished[^1].Score;
    }

    private List<(int Source, int Id, double Score)> Likeliest(ReadOnlySpan<float> logits, int words, int count)
    {
        var kept = new PriorityQueue<(int Source, int Id, double Score), (double Key, int Place)>(count + 1);
        var scores = new double[words];
        for (var beam = 0; beam < _running.Count; beam++)
        {
            for (var id = 0; id < words; id++)
                scores[id] = logits[(beam * words) + id];
            SamplingRules.LogSoftMax(scores);
            _run.Rules.Apply(scores, _running[beam].Ids, _count);
            if (Options.Samples)
                new SamplingRules(Options, atLeast: Math.Max(2, 1 + Options.EndIds.Count)).Apply(scores);
            for (var id = 0; id < words; id++)
            {
                if (scores[id] == double.NegativeInfinity)
                    continue;
                var place = (beam * words) + id;
                var score = scores[id] + _running[beam].Score;
                // The first of those that are equal goes first, and so the last one goes.
                var key = (Options.Samples ? score + Gumbel(place) : score, -place);
                if (kept.Count < count)
                    kept.Enqueue((beam, id, score), key);
                else if (kept.TryPeek(out _, out var least) && key.CompareTo(least) > 0)
                    kept.DequeueEnqueue((beam, id, score), key);
            }
        }

        return [.. kept.UnorderedItems.OrderByDescending(item => item.Priority).Select(item => item.Element)];
    }

    // The largest of such sums are a sample without replacement (Vieira, 2014).
    private double Gumbel(int place) => -Math.Log(-Math.Log(Math.Max(_run.Draws.Uniform(_prompt, _count, place), double.Epsilon)));

    private sealed record Beam(List<int> Ids, double Score);
}
