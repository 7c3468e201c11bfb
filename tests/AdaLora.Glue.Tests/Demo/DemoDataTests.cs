using AdaLora.Glue.Demo;
using AdaLora.Glue.Demo.Grammar;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests.Demo;

public sealed class DemoDataTests
{
    private static readonly DemoData Data = DemoData.Create(5, 1200, 240);

    [Fact]
    public void The_same_seed_gives_the_same_sentences_and_another_seed_others()
    {
        Assert.Equal(Data.Train, DemoData.Create(5, 1200, 240).Train);
        Assert.NotEqual(Data.Train, DemoData.Create(6, 1200, 240).Train);
    }

    [Fact]
    public void No_sentence_occurs_twice_so_the_splits_share_none()
    {
        var all = Data.Train.Concat(Data.Dev).Select(s => s.Text).ToList();
        Assert.Equal(all.Count, all.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Half_of_each_split_is_acceptable_and_every_kind_of_violation_is_in_both()
    {
        Assert.True(Violations.All.Count >= 8);
        foreach (var split in (IReadOnlyList<DemoSentence>[])[Data.Train, Data.Dev])
        {
            Assert.Equal(split.Count / 2, split.Count(s => s.Violation is null));
            var kinds = split.Where(s => s.Violation is not null).CountBy(s => s.Violation!).ToDictionary();
            Assert.Equal(Violations.All.Select(v => v.Name).Order(), kinds.Keys.Order());
            Assert.All(kinds.Values, count => Assert.Equal(split.Count / 2.0 / Violations.All.Count, count, 1.0));
        }
    }

    [Fact]
    public void No_kind_of_violation_ever_gives_a_sentence_that_the_grammar_accepts()
    {
        var random = new Random(17);
        var sampler = new ClauseSampler(random);
        var acceptable = new HashSet<string>(StringComparer.Ordinal);
        var spoiled = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < 100_000; i++)
        {
            var clause = sampler.Sample();
            acceptable.Add(string.Join(' ', clause.Words));
            if (Violations.All[i % Violations.All.Count] is var violation && violation.Apply(clause, random) is { } words)
            {
                var text = string.Join(' ', words);
                Assert.NotEqual(string.Join(' ', clause.Words), text);
                spoiled[text] = violation.Name;
            }
        }

        Assert.True(acceptable.Count > 50_000 && spoiled.Count > 20_000, $"{acceptable.Count} and {spoiled.Count}");
        Assert.Empty(spoiled.Where(s => acceptable.Contains(s.Key)).Select(s => $"{s.Value}: {s.Key}"));
    }

    [Theory]
    [InlineData("agreement", 1)]
    [InlineData("determiner", 1)]
    [InlineData("double-determiner", 2)]
    [InlineData("pronoun-case", 1)]
    [InlineData("reflexive", 1)]
    [InlineData("extra-object", 2)]
    [InlineData("verb-form", 1)]
    [InlineData("double-auxiliary", 1)]
    [InlineData("noun-adjective", 2)]
    [InlineData("preposition", 1)]
    public void A_violation_changes_no_more_words_than_it_must(string name, int words)
    {
        var random = new Random(3);
        var sampler = new ClauseSampler(random);
        var violation = Violations.All.Single(v => v.Name == name);
        var applied = 0;
        while (applied < 200)
        {
            var clause = sampler.Sample();
            if (violation.Apply(clause, random) is not { } spoiled)
                continue;
            applied++;
            var (before, after) = (clause.Words.ToList(), spoiled.ToList());
            var added = after.Count - before.Count;
            Assert.InRange(added, 0, 2);
            if (added == 0)
                Assert.InRange(before.Zip(after).Count(pair => pair.First != pair.Second), 1, words);
        }
    }

    [Fact]
    public void No_word_gives_a_sentence_away_by_its_mere_presence()
    {
        var many = DemoData.Create(8, 12_000, 1).Train;
        var counts = many.SelectMany(s => s.Text.Split(' ').Distinct().Select(w => (Word: w, IsGood: s.Violation is null))).GroupBy(x => x.Word);
        Assert.All(counts, word => Assert.Contains(word, w => w.IsGood));
    }

    [Fact]
    public void Every_word_of_every_sentence_is_in_the_vocabulary()
    {
        var vocabulary = DemoVocabulary.Create();
        Assert.Equal(vocabulary.Count, vocabulary.Distinct(StringComparer.Ordinal).Count());
        var words = Data.Train.Concat(Data.Dev).SelectMany(s => s.Text.Split(' ')).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(words.Except(vocabulary));
        Assert.InRange(vocabulary.Count, 200, 1000);
    }

    [Fact]
    public void The_files_have_the_layout_of_cola_and_read_back_as_such()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            Data.Write(folder);
            var cola = GlueTasks.Find("cola");
            foreach (var (split, sentences) in (IEnumerable<(GlueSplit, IReadOnlyList<DemoSentence>)>)[(GlueSplit.Train, Data.Train), (GlueSplit.Dev, Data.Dev)])
            {
                var read = GlueReader.Read(folder, cola, split);
                Assert.Equal(sentences.Select(s => (s.Text, s.Violation is null ? 1.0 : 0.0)), read.Select(e => (e.Text, e.Label!.Value)));
            }

            Assert.All(File.ReadLines(Path.Combine(folder, "dev.tsv")), line => Assert.Equal(line.Split('\t')[1] == "1" ? "" : "*", line.Split('\t')[2]));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_corpus_for_pre_training_leaves_out_what_it_is_told_to()
    {
        var held = DemoData.Corpus(1, new HashSet<string>()).Take(50).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(DemoData.Corpus(1, held).Take(3000), held.Contains);
    }
}
