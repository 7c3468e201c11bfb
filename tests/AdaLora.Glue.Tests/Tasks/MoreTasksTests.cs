using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Xunit;

namespace AdaLora.Glue.Tests;

/// <summary>Files in the official layout of the tasks whose data is too large to test with.</summary>
public sealed class MoreTasksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Qqp_is_read_by_its_columns()
    {
        _ = _folder.Write("train.tsv", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t3\t4\tHow?\tWhy?\t0\n3\t7\t8\tWhat?\tWhat is it?\t1\n");

        Assert.Equal([new("How?", "Why?", 0), new("What?", "What is it?", 1)], GlueReader.Read(_folder.Path, GlueTasks.Find("qqp"), GlueSplit.Train));
    }

    [Fact]
    public void Mnli_has_two_dev_and_two_test_sets()
    {
        const string Header = "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\t";
        _ = _folder.Write("dev_matched.tsv", Header + "label1\tgold_label\n0\t1\t1n\tfiction\t\t\t\t\ta\tb\tneutral\tcontradiction\n");
        _ = _folder.Write("dev_mismatched.tsv", Header + "label1\tgold_label\n0\t1\t1n\tletters\t\t\t\t\tc\td\tneutral\tentailment\n");
        _ = _folder.Write("test_mismatched.tsv", Header.TrimEnd('\t') + "\n0\t1\t1n\tletters\t\t\t\t\te\tf\n");
        var mnli = GlueTasks.Find("mnli");

        Assert.Equal([new("a", "b", 2)], GlueReader.Read(_folder.Path, mnli, GlueSplit.Dev));
        Assert.Equal([new("c", "d", 0)], GlueReader.Read(_folder.Path, mnli, GlueSplit.Dev, mnli.Parts[1]));
        Assert.Equal([new("e", "f", null)], GlueReader.Read(_folder.Path, mnli, GlueSplit.Test, mnli.Parts[1]));
        Assert.Equal(["-m", "-mm"], mnli.Parts.Select(part => part.SubmissionSuffix));
    }

    [Fact]
    public void Qnli_is_read_by_its_columns()
    {
        _ = _folder.Write("dev.tsv", "index\tquestion\tsentence\tlabel\n0\tWho?\tHe did.\tentailment\n1\tWhen?\tHe did.\tnot_entailment\n");

        Assert.Equal([new("Who?", "He did.", 0), new("When?", "He did.", 1)], GlueReader.Read(_folder.Path, GlueTasks.Find("qnli"), GlueSplit.Dev));
    }
}
