// Makes goquarkchain's own database of a chain that scripts/bench/export-chain.ts wrote, with its own code: every block
// is executed and has to be accepted. Chains whose blocks carry no real seal and no stakes, as make_chain.py makes them.
//
// To be built inside a goquarkchain checkout:
//
//	mkdir cmd/import_chain && cp import_chain.go cmd/import_chain && go build -mod=mod ./cmd/import_chain
//	import_chain CLUSTER_CONFIG FILE DATADIR
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/ioutil"
	"log"
	"math/big"
	"os"

	"github.com/QuarkChain/goquarkchain/account"
	"github.com/QuarkChain/goquarkchain/cluster/config"
	"github.com/QuarkChain/goquarkchain/consensus"
	"github.com/QuarkChain/goquarkchain/consensus/simulate"
	"github.com/QuarkChain/goquarkchain/core"
	"github.com/QuarkChain/goquarkchain/core/types"
	"github.com/QuarkChain/goquarkchain/core/vm"
	"github.com/QuarkChain/goquarkchain/params"
	"github.com/QuarkChain/goquarkchain/qkcdb"
	"github.com/QuarkChain/goquarkchain/serialize"
	"github.com/ethereum/go-ethereum/common"
	ethparams "github.com/ethereum/go-ethereum/params"
)

const rootKind = 0

type chains struct {
	config    *config.ClusterConfig
	root      *core.RootBlockChain
	shards    map[uint32]*core.MinorBlockChain
	databases []*qkcdb.QKCDataBase
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: import_chain CLUSTER_CONFIG FILE DATADIR")
	}
	opened := open(readConfig(os.Args[1]), os.Args[3])
	imported := opened.importFile(os.Args[2])
	opened.close()
	fmt.Println("imported", imported)
}

func readConfig(file string) *config.ClusterConfig {
	content, err := ioutil.ReadFile(file)
	must(err)
	cluster := config.NewClusterConfig()
	must(json.Unmarshal(content, cluster))
	must(cluster.BackWardChainMaskList())
	// Its check starts at the state of any block.
	cluster.NoPruning = true
	for _, address := range params.PrecompiledContractsAfterEvmEnabled {
		if contract := vm.PrecompiledContractsByzantium[address]; contract != nil {
			contract.SetEnableTime(cluster.Quarkchain.EnableEvmTimeStamp)
		}
	}
	return cluster
}

func open(cluster *config.ClusterConfig, folder string) *chains {
	opened := &chains{config: cluster, shards: map[uint32]*core.MinorBlockChain{}}
	genesis := core.NewGenesis(cluster.Quarkchain)
	opened.openRoot(genesis, folder+"/master/db")
	for _, slave := range cluster.SlaveList {
		for _, id := range slave.FullShardList {
			opened.openShard(genesis, id, fmt.Sprintf("%s/%s/shard-%d/db", folder, slave.ID, id))
		}
	}
	return opened
}

func (c *chains) openRoot(genesis *core.Genesis, folder string) {
	quarkchain := c.config.Quarkchain
	database := c.database(folder)
	_, _, err := core.SetupGenesisRootBlock(database, genesis)
	must(err)
	root := quarkchain.Root
	engine := simulated(root.Genesis.Difficulty, root.DifficultyAdjustmentCutoffTime, root.DifficultyAdjustmentFactor)
	c.root, err = core.NewRootBlockChain(database, quarkchain, engine)
	must(err)
	c.root.SetBroadcastRootBlockFunc(func(*types.RootBlock) error { return nil })
	c.root.SetEnableCountMinorBlocks(c.config.EnableTransactionHistory)
	c.root.SetRootChainStakesFunc(func(account.Address, common.Hash) (*big.Int, *account.Recipient, error) {
		return new(big.Int), nil, nil
	})
}

func (c *chains) openShard(genesis *core.Genesis, id uint32, folder string) {
	rootGenesis := c.root.CurrentBlock()
	database := c.database(folder)
	_, _, err := core.SetupGenesisMinorBlock(database, genesis, rootGenesis, id)
	must(err)
	shard := c.config.Quarkchain.GetShardConfigByFullShardID(id)
	engine := simulated(shard.Genesis.Difficulty, shard.DifficultyAdjustmentCutoffTime, shard.DifficultyAdjustmentFactor)
	chain, err := core.NewMinorBlockChain(database, nil, &ethparams.ChainConfig{}, c.config, engine, vm.Config{}, nil, id)
	must(err)
	block, err := chain.InitGenesisState(rootGenesis)
	must(err)
	c.root.AddValidatedMinorBlockHeader(block.Hash(), block.CoinbaseAmount())
	c.shards[id] = chain
}

func (c *chains) database(folder string) *qkcdb.QKCDataBase {
	database, err := qkcdb.NewDatabase(folder, true, false)
	must(err)
	c.databases = append(c.databases, database)
	return database
}

func simulated(difficulty uint64, cutoff uint32, factor uint32) *simulate.PowSimulate {
	calculator := consensus.EthDifficultyCalculator{
		MinimumDifficulty: new(big.Int).SetUint64(difficulty),
		AdjustmentCutoff:  cutoff,
		AdjustmentFactor:  factor,
	}
	return simulate.New(&calculator, false, []byte{}, 1)
}

func (c *chains) importFile(name string) int {
	file, err := os.Open(name)
	must(err)
	reader := bufio.NewReader(file)
	imported := 0
	for {
		var head [5]byte
		if _, err := io.ReadFull(reader, head[:]); err == io.EOF {
			return imported
		} else {
			must(err)
		}
		bytes := make([]byte, binary.BigEndian.Uint32(head[1:]))
		_, err := io.ReadFull(reader, bytes)
		must(err)
		if head[0] == rootKind {
			c.addRootBlock(bytes)
		} else {
			c.addMinorBlock(bytes)
			imported++
		}
	}
}

func (c *chains) addRootBlock(bytes []byte) {
	var block types.RootBlock
	must(serialize.DeserializeFromBytes(bytes, &block))
	_, err := c.root.InsertChain([]types.IBlock{&block})
	must(err)
	for _, shard := range c.shards {
		_, err := shard.AddRootBlock(&block)
		must(err)
	}
}

func (c *chains) addMinorBlock(bytes []byte) {
	var block types.MinorBlock
	must(serialize.DeserializeFromBytes(bytes, &block))
	id := block.Branch().Value
	_, lists, err := c.shards[id].InsertChainForDeposits([]types.IBlock{&block}, false)
	must(err)
	for other, shard := range c.shards {
		if other == id {
			continue
		}
		list := types.CrossShardTransactionDepositList{TXList: c.depositsTo(other, lists[0])}
		shard.AddCrossShardTxListByMinorBlockHash(block.Hash(), list)
	}
	c.root.AddValidatedMinorBlockHeader(block.Hash(), block.CoinbaseAmount())
	c.shards[id].CommitMinorBlockByHash(block.Hash())
}

func (c *chains) depositsTo(id uint32, deposits []*types.CrossShardTransactionDeposit) []*types.CrossShardTransactionDeposit {
	own := []*types.CrossShardTransactionDeposit{}
	for _, deposit := range deposits {
		target, err := c.config.Quarkchain.GetFullShardIdByFullShardKey(deposit.To.FullShardKey)
		must(err)
		if target == id {
			own = append(own, deposit)
		}
	}
	return own
}

func (c *chains) close() {
	for _, shard := range c.shards {
		shard.Stop()
	}
	c.root.Stop()
	for _, database := range c.databases {
		database.Close()
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
